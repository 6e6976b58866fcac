/** The two pages of a sign-up: first the handle, which may be taken, then email and password. */
import { html, raw } from 'hono/html'
import type { SignUpRules } from '#src/gateway/oauth/authorization-page.ts'
import { fieldAttributes, type Html, type Note, type Page } from '#src/gateway/pages/shell.ts'
import { captcha } from '#src/gateway/pages/sign-in/captcha.ts'
import { leadToApp } from '#src/gateway/pages/sign-in/sign-in-view.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import { actionForm, cancelForm, passwordField } from '#src/gateway/pages/sign-in/view-parts.ts'

export interface SignInPage extends Page {
  /** Its policy must allow hCaptcha. */
  hasCaptcha?: boolean
}

export function handleView(
  context: SignInContext,
  input: { rules: SignUpRules; name?: string; domain?: string; note?: Note | undefined },
): Page {
  const { texts, app } = context
  const { rules, name = '', domain, note } = input
  const [only] = rules.domains
  const domains =
    rules.domains.length < 2
      ? html`<span class="suffix" id="suffix">${only ?? ''}</span><input type="hidden" name="domain" value="${only ?? ''}">`
      : html`<select name="domain" aria-label="${texts.text('domain')}">${rules.domains.map(
          (one) => html`<option${raw(one === domain ? ' selected' : '')}>${one}</option>`,
        )}</select>`
  const form = html`<label for="handle">${texts.text('handle')}</label>
<div class="joined"><input id="handle" name="handle" value="${name}" autocomplete="off" autocapitalize="none" autocorrect="off"
 spellcheck="false" required maxlength="253"${fieldAttributes('handle', note, 'handle-help')} autofocus>${domains}</div>
<small id="handle-help">${texts.text('handleHelp')}</small>
<button class="wide">${texts.text('next')}</button>`
  const body = html`${leadToApp(context, app)}
${actionForm(context, 'handle', form)}
${cancelForm(context)}
${signInLink(context)}`
  return { title: { text: texts.text('createAccount') }, body, note, narrow: true }
}

export function signUpView(
  context: SignInContext,
  input: {
    rules: SignUpRules
    handle: string
    email?: string
    inviteCode?: string
    note?: Note | undefined
  },
): SignInPage {
  const { messages, texts, flow } = context
  const { rules, handle, email = '', inviteCode = '', note } = input
  const invite = html`<label for="invite">${texts.text('inviteCode')}</label>
<input id="invite" name="inviteCode" value="${inviteCode}" autocomplete="off" autocapitalize="none" spellcheck="false"
 required maxlength="200"${fieldAttributes('invite', note, 'invite-help')}><small id="invite-help">${texts.text('inviteHelp')}</small>`
  const form = html`${rules.isInviteRequired ? invite : ''}
<label for="email">${messages.text('email')}</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="email" required maxlength="320"${fieldAttributes('email', note)}${raw(rules.isInviteRequired ? '' : ' autofocus')}>
${passwordField(messages.text('password'), { autocomplete: 'new-password', note, help: texts.text('passwordHelp') })}
${captcha(context, rules.hcaptchaSiteKey)}
${agreement(context)}
<button class="wide">${texts.text('signUp')}</button>`
  const body = html`<p class="lead">${texts.text('yourHandle', { handle })}</p>
${actionForm(context, 'sign-up', form, { handle })}
<p class="links"><a href="${flow.link({ page: 'sign-up' })}">${texts.text('otherHandle')}</a></p>`
  const hasCaptcha = rules.hcaptchaSiteKey !== undefined
  return { title: { text: texts.text('createAccount') }, body, note, narrow: true, hasCaptcha }
}

/** If the operator has any. */
function agreement({ texts, branding }: SignInContext): Html | '' {
  const links = (branding.links ?? []).flatMap(({ href, rel }) => {
    if (rel === 'terms-of-service') return [[href, texts.text('terms')]]
    return rel === 'privacy-policy' ? [[href, texts.text('privacy')]] : []
  })
  if (links.length === 0) return ''
  return html`<p class="muted">${texts.text('agree')} ${links.map(
    ([href, label], i) =>
      html`${i === 0 ? '' : ', '}<a href="${href}" target="_blank">${label}</a>`,
  )}</p>`
}

function signInLink({ texts, flow }: SignInContext): Html {
  return html`<p class="links"><a href="${flow.link({ page: 'sign-in' })}">${texts.text('haveAccount')}</a></p>`
}
