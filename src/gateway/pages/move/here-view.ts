/** The form at /move: the account at the other server, and what it is to be here. */
import { html } from 'hono/html'
import { movePath } from '#src/gateway/migrations/invites.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import type { Invited } from '#src/gateway/pages/move/invited.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'
import { accountFields, passwordFields } from '#src/gateway/pages/move/views.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'

export interface HereInput {
  /** What was typed, if the form is shown again. */
  form: Form
  note: Note | undefined
  /** If the page was opened by the link of an invitation. */
  invited: Invited | undefined
  /** For handles, each with its leading dot. */
  domains: readonly string[]
  needsCode: boolean
}

export function hereView(
  session: PageSession,
  { form, note, invited, domains, needsCode }: HereInput,
): Html {
  const { text } = moveTexts(session)
  const view = { texts: moveTexts(session), note }
  const options = [
    ...domains.map((value) => ({ value, label: value })),
    { value: '', label: text('keepHandle') },
  ]
  const account = accountFields(view, {
    ...{ domains: options, domain: form['domain'] ?? invited?.domain },
    ...{ name: form['name'] ?? invited?.name ?? '', email: form['email'] ?? invited?.email ?? '' },
    ...(invited !== undefined && { emailHelp: text('inviteEmailHelp') }),
    passwordLabel: text('newPassword'),
    inviteCode: needsCode ? (form['invite'] ?? '') : undefined,
  })
  const handle = {
    ...{ name: 'identifier', label: text('identifier'), value: form['identifier'] ?? '' },
    ...{ required: true, maxLength: 300, autocomplete: 'username' },
  }
  const which = invited === undefined ? field(handle, note) : ''
  const lead = invited?.lead(view.texts) ?? text('moveHereHelp')
  const link = invited && { account: invited.did, invite: invited.code }
  return html`<p class="muted">${lead}</p>
<form method="post" action="${movePath}">${hiddenFields(session, link)}
${card(text('accountNow'), html`${which}${passwordFields(view, text('oldPassword'))}`)}
${card(text('accountHere'), account)}
<button>${text('start')}</button></form>
<p class="links"><a href="/account/move">${text('haveBegun')}</a><a href="/account/sign-up">${text('noAccountYet')}</a></p>`
}
