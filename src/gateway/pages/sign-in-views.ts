/** The sign-in pages: password or passkey, and the second step. */
import { html, raw } from 'hono/html'
import { isAreaPage } from '#src/gateway/pages/return-to.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import {
  fieldAttributes,
  type Html,
  hiddenFields,
  type Note,
  type Page,
  type RenderContext,
} from '#src/gateway/pages/shell.ts'
import type { CreationOptions, RequestOptions } from '#src/ports/webauthn.ts'

interface SignIn {
  options: RequestOptions
  identifier?: string
  next?: string
  note?: Note | undefined
}

export function signInView(context: RenderContext, input: SignIn): Page {
  const { next, note } = input
  const lead =
    next === undefined || isAreaPage(next)
      ? ''
      : html`<p class="lead">${context.messages.text('returnsToApp')}</p>`
  const body = html`${lead}
${signInForms(context, input)}`
  return { title: 'signIn', body, note, narrow: true, passkeys: true }
}

/** With a password or a passkey. */
export function signInForms(context: RenderContext, input: SignIn): Html {
  const { messages } = context
  const { options, identifier = '', next, note } = input
  // An app's request has its own page to sign up on.
  const signUp =
    next === undefined || isAreaPage(next)
      ? html` <a href="/account/sign-up">${messages.text('signUp')}</a>`
      : ''
  const [first, second] = identifier === '' ? [' autofocus', ''] : ['', ' autofocus']
  return html`<form method="post" action="${securityPath}/sign-in">${hiddenFields(context, { next })}
<label for="identifier">${messages.text('identifier')}</label>
<input id="identifier" name="identifier" value="${identifier}" autocomplete="username" autocapitalize="none"
 autocorrect="off" spellcheck="false" required maxlength="300"${fieldAttributes('password', note)}${raw(first)}>
<label for="password">${messages.text('password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="512"${fieldAttributes('password', note)}${raw(second)}>
<button class="wide">${messages.text('signIn')}</button>
</form>
${passkeyForm(context, {
  ...{ kind: 'get', action: 'sign-in/passkey', options, fields: { next } },
  label: messages.text('signInWithPasskey'),
  before: or(context),
})}
<p class="links"><a href="/account/reset-password">${messages.text('forgotPassword')}</a>${signUp}</p>`
}

export function stepView(
  context: RenderContext,
  input: { kinds: readonly string[]; options?: RequestOptions; next?: string; note?: Note },
): Page {
  const { messages } = context
  const { kinds, options, next, note } = input
  const passkey =
    options &&
    passkeyForm(context, {
      ...{ kind: 'get', action: 'step', options, fields: { next } },
      label: messages.text('usePasskey'),
      after: or(context),
    })
  const mail = html`<form method="post" action="${securityPath}/step/mail">${hiddenFields(context, { next })}
<button class="quiet wide">${messages.text('mailCode')}</button></form>`
  const body = html`${note === undefined ? html`<p class="lead">${messages.text('secondStepHelp')}</p>` : ''}
${passkey ?? ''}
<form method="post" action="${securityPath}/step">${hiddenFields(context, { next })}
<label for="code">${messages.text('code')}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off"
 spellcheck="false" required maxlength="40"${fieldAttributes('code', note, 'code-help')} autofocus>
<small id="code-help">${messages.text('codeHelp')}</small>
<button class="wide">${messages.text('continue')}</button>
</form>
${kinds.includes('email') ? mail : ''}`
  return { title: 'secondStep', body, note, narrow: true, passkeys: options !== undefined }
}

export function or({ messages }: RenderContext): Html {
  return html`<div class="or">${messages.text('or')}</div>`
}

export function notFoundView({ messages }: RenderContext): Page {
  const body = html`<a class="button wide" href="${securityPath}">${messages.text('back')}</a>`
  return { title: 'notFound', body, narrow: true, status: 404 }
}

/** An intermediate page on the way back to the app: `form-action 'self'` forbids a form to redirect to another site. */
export function returnToView({ messages }: RenderContext, next: string): Page {
  const body = html`<a class="button wide" href="${next}">${messages.text('continue')}</a>`
  return { title: 'youAreSignedIn', body, narrow: true, redirectTo: next }
}

export function passkeyForm(
  context: RenderContext,
  input: {
    kind: 'create' | 'get'
    action: string
    options: RequestOptions | CreationOptions
    label: string
    fields?: Record<string, string | undefined>
    before?: Html
    after?: Html
  },
): Html {
  const { kind, action, options, label, fields, before = '', after = '' } = input
  const { messages } = context
  return html`<form method="post" action="${securityPath}/${action}" data-passkey="${kind}"
 data-options="${JSON.stringify(options)}">${hiddenFields(context, { ...fields, response: '' })}
${before}<button class="${kind === 'get' ? 'quiet wide' : 'quiet'}">${label}</button>
<p class="muted" data-unsupported hidden>${messages.text('passkeysUnsupported')}</p>
<p class="note bad" role="alert" data-failed hidden>${messages.text('wrongPasskey')}</p>${after}
</form>`
}
