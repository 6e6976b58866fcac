/** The two pages of a forgotten password: the address to which a code is sent, and the code with a new password. */
import { html } from 'hono/html'
import { fieldAttributes, type Html, type Note, type Page } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import { actionForm, passwordField } from '#src/gateway/pages/sign-in/view-parts.ts'

export function resetView(
  context: SignInContext,
  { email = '', note }: { email?: string; note?: Note | undefined },
): Page {
  const { messages, texts, flow } = context
  const form = html`<label for="email">${messages.text('email')}</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="email" required maxlength="320"${fieldAttributes('email', note)} autofocus>
<button class="wide">${texts.text('sendCode')}</button>`
  const body = html`<p class="lead">${texts.text('resetHelp')}</p>
${actionForm(context, 'reset', form)}
${links(context, html`<a href="${flow.link({ page: 'new-password' })}">${texts.text('haveCode')}</a>`)}`
  return { title: { text: texts.text('resetTitle') }, body, note, narrow: true }
}

export function newPasswordView(
  context: SignInContext,
  { code = '', note }: { code?: string; note?: Note | undefined },
): Page {
  const { messages, texts, flow } = context
  const form = html`<label for="code">${texts.text('resetCode')}</label>
<input id="code" name="code" value="${code}" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off"
 spellcheck="false" required maxlength="40"${fieldAttributes('code', note)} autofocus>
${passwordField(messages.text('newPassword'), { autocomplete: 'new-password', note, help: texts.text('passwordHelp') })}
<button class="wide">${texts.text('savePassword')}</button>`
  const body = html`${actionForm(context, 'new-password', form)}
${links(context, html`<a href="${flow.link({ page: 'reset' })}">${texts.text('sendCode')}</a>`)}`
  return { title: { text: texts.text('resetTitle') }, body, note, narrow: true }
}

function links({ texts, flow }: SignInContext, first: Html): Html {
  return html`<p class="links">${first} <a href="${flow.link({ page: 'sign-in' })}">${texts.text('backToSignIn')}</a></p>`
}
