/** The page on which a member chooses to act as a group, or signs in to do so. */
import { html } from 'hono/html'
import { hiddenFields, type Note, type Page, type RenderContext } from '#src/gateway/pages/shell.ts'
import { signInForms } from '#src/gateway/pages/sign-in/sign-in-view.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import { or } from '#src/gateway/pages/sign-in-views.ts'
import type { RequestOptions } from '#src/ports/webauthn.ts'

/** The sign-in of `context` leads back to the app's request, or to this page. */
export function actAsView(
  context: SignInContext,
  input: {
    name: string
    /** Where the forms of members go. */
    action: string
    members: readonly { did: string; handle?: string | undefined }[]
    options: RequestOptions
    canSignInElsewhere: boolean
    next: string | undefined
    note: Note | undefined
  },
): Page {
  const { messages } = context
  const { name, action, members, options, canSignInElsewhere, next, note } = input
  const choices = members.map(
    ({
      did,
      handle,
    }) => html`<form method="post" action="${action}">${hiddenFields(context, { member: did, next })}
<button class="wide">${messages.text('continueAs', { name: handle ?? did })}</button>
</form>`,
  )
  const body = html`<p class="lead">${messages.text('sharedHelp', { name })}</p>
${choices}
${choices.length === 0 ? '' : or(context)}
${signInForms(context, { options, note })}
${canSignInElsewhere ? elsewhereForm(context, action, next) : ''}`
  return { title: 'sharedAccount', body, note, narrow: true, passkeys: true }
}

function elsewhereForm(context: RenderContext, action: string, next: string | undefined) {
  const { messages } = context
  return html`${or(context)}<form method="post" action="${action}/elsewhere">${hiddenFields(context, { next })}
<label for="elsewhere">${messages.text('handleElsewhere')}</label>
<input id="elsewhere" name="identifier" autocomplete="username" autocapitalize="none" autocorrect="off"
 spellcheck="false" required maxlength="300">
<button class="quiet wide">${messages.text('signInElsewhere')}</button>
</form>`
}
