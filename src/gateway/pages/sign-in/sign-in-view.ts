/** The sign-in pages: handle and password, a passkey, or the second step. */
import { html, raw } from 'hono/html'
import { fieldAttributes, type Html, type Note, type Page } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import { actionForm, cancelForm, passwordField } from '#src/gateway/pages/sign-in/view-parts.ts'
import type { RequestOptions } from '#src/ports/webauthn.ts'

interface SignIn {
  options: RequestOptions
  identifier?: string | undefined
  /** The account is given, by the app or by a choice before. */
  isFixed?: boolean
  /** Whether there are accounts to choose from. */
  hasOthers?: boolean
  remember?: boolean
  note?: Note | undefined
}

export function signInView(context: SignInContext, input: SignIn): Page {
  const lead = context.flow.isToApp
    ? html`<p class="lead">${context.messages.text('returnsToApp')}</p>`
    : leadToApp(context, context.app)
  const body = html`${lead}
${signInForms(context, input)}`
  return { title: 'signIn', body, note: input.note, narrow: true, passkeys: true }
}

/** With a password or a passkey; also on the pages that need a sign-in. */
export function signInForms(context: SignInContext, input: SignIn): Html {
  const { messages, texts, flow } = context
  const { options, identifier = '', isFixed = false, remember, note } = input
  const [first, second] = identifier === '' ? [' autofocus', false] : ['', true]
  const rememberBox = html`<label class="check"><input type="checkbox" name="remember" value="yes"${raw(remember ? ' checked' : '')}>${texts.text('remember')}</label>`
  const form = html`<label for="identifier">${messages.text('identifier')}</label>
<input id="identifier" name="identifier" value="${identifier}" autocomplete="username" autocapitalize="none"
 autocorrect="off" spellcheck="false" required maxlength="300"${raw(isFixed ? ' readonly' : '')}${fieldAttributes('password', note)}${raw(first)}>
${passwordField(messages.text('password'), { autocomplete: 'current-password', note, autofocus: second })}
${flow.requestUri === undefined ? '' : rememberBox}
<button class="wide">${messages.text('signIn')}</button>`
  const links = [
    html`<a href="${flow.link({ page: 'reset' })}">${messages.text('forgotPassword')}</a>`,
    // An app's request has its own page to sign up on.
    !flow.isToApp
      ? html`<a href="${flow.link({ page: 'sign-up' })}">${texts.text('createAccount')}</a>`
      : '',
    input.hasOthers
      ? html`<a href="${flow.link({ page: 'choose' })}">${texts.text('chooseAccount')}</a>`
      : '',
  ]
  return html`${actionForm(context, 'sign-in', form)}
${passkeyForm(context, 'passkey', options, { label: messages.text('signInWithPasskey'), isAbove: false })}
${cancelForm(context)}
<p class="links">${links}</p>`
}

export function stepView(
  context: SignInContext,
  input: {
    kinds: readonly string[]
    options: RequestOptions | undefined
    remember: boolean
    note?: Note | undefined
  },
): Page {
  const { messages } = context
  const { kinds, options, note } = input
  const fields = { remember: input.remember ? 'yes' : undefined }
  const code = html`<label for="code">${messages.text('code')}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off"
 spellcheck="false" required maxlength="40"${fieldAttributes('code', note, 'code-help')} autofocus>
<small id="code-help">${messages.text('codeHelp')}</small>
<button class="wide">${messages.text('continue')}</button>`
  const mail = html`<button class="quiet wide">${messages.text('mailCode')}</button>`
  const passkey =
    options &&
    passkeyForm(context, 'step', options, {
      label: messages.text('usePasskey'),
      isAbove: true,
      fields,
    })
  const body = html`${note === undefined ? html`<p class="lead">${messages.text('secondStepHelp')}</p>` : ''}
${passkey ?? ''}
${actionForm(context, 'step', code, fields)}
${kinds.includes('email') ? actionForm(context, 'mail-code', mail, fields) : ''}
<p class="links"><a href="${context.flow.link({ page: 'sign-in' })}">${context.texts.text('backToSignIn')}</a></p>`
  return { title: 'secondStep', body, note, narrow: true, passkeys: options !== undefined }
}

export function leadToApp({ texts }: SignInContext, app: string | undefined): Html {
  return app === undefined ? html`` : html`<p class="lead">${texts.text('toApp', { app })}</p>`
}

/** Works with the island `passkey` only, and is not shown without scripts. */
function passkeyForm(
  context: SignInContext,
  action: 'passkey' | 'step',
  options: RequestOptions,
  input: { label: string; isAbove: boolean; fields?: Record<string, string | undefined> },
): Html {
  const { messages, flow } = context
  const { label, isAbove, fields = {} } = input
  const or = html`<div class="or">${messages.text('or')}</div>`
  const hidden = { csrf: context.csrf, do: action, ...fields, response: '' }
  return html`<form method="post" action="${flow.link()}" data-passkey="get" data-options="${JSON.stringify(options)}">
${Object.entries(hidden).map(([name, value]) =>
  value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
)}
${isAbove ? '' : or}<button class="quiet wide">${label}</button>
<p class="muted" data-unsupported hidden>${messages.text('passkeysUnsupported')}</p>
<p class="note bad" role="alert" data-failed hidden>${messages.text('wrongPasskey')}</p>${isAbove ? or : ''}
</form>`
}
