/** Takedowns and suspensions: the lists of accounts, and a form for records and blobs. */
import { html } from 'hono/html'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import { invalidRequest } from '#src/errors.ts'
import * as admin from '#src/gateway/methods/com.atproto.admin.ts'
import { card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { accountName, accountPath, statusBadge } from '#src/gateway/pages/operator/accounts.ts'
import { required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { readSubject, statusSubject } from '#src/gateway/pages/operator/read-subject.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const path = `${consolePath}/moderation/takedowns`

export function takedownPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { accounts } = server.dispatch.directory

  const show: ShowPage = async (call, note, status = 200) => {
    const { cursor } = call.c.req.query()
    const [taken, suspended] = await Promise.all([
      accounts.search({
        status: 'takendown',
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      }),
      accounts.search({ status: 'suspended', limit: PAGE }),
    ])
    const list = (
      title: string,
      all: readonly AccountInfo[],
      undo: string,
      label: string,
      empty: string,
    ) =>
      card(
        title,
        table({
          ...{ label: title, head: ['Account', 'State', 'Created', 'Action'], empty },
          rows: all.map((account) => row(call.session, account, undo, label)),
        }),
      )
    return call.render({
      ...{ title: 'Takedowns', wide: true, note, status },
      body: html`${list('Accounts taken down', taken.accounts, 'lift-takedown', 'Lift', 'No accounts are taken down.')}
${pager(call.session, { after: nextPage(call.c.req.url, taken.cursor) })}
${list('Suspended accounts', suspended.accounts, 'lift-suspension', 'Lift', 'No accounts are suspended.')}
${subjectForm(call.session)}`,
    })
  }

  get('/moderation/takedowns', show)
  post(
    '/moderation/takedowns',
    async (call, form) => {
      const text = required(form['subject'], 'The record or blob')
      const subject = await readSubject(server, text)
      if (subject.uri === undefined && subject.blob === undefined) {
        throw invalidRequest('Take accounts down on their own page.')
      }
      const applied = form['undo'] !== 'yes'
      const takedown = { applied, ...(form['ref']?.trim() && { ref: form['ref'].trim() }) }
      await call.run(
        admin.updateSubjectStatus,
        { subject: await statusSubject(server, subject), takedown },
        text,
      )
      return call.redirect('/moderation/takedowns', 'saved')
    },
    show,
  )
}

function row(
  context: RenderContext,
  account: AccountInfo,
  undo: string,
  label: string,
): (Html | string)[] {
  const { did, handle, status, createdAt } = account
  const action = `${accountPath(did)}/${undo}`
  return [
    accountName(account),
    statusBadge(status),
    timeOf(context, createdAt),
    actionForm(context, { action, label, about: handle }),
  ]
}

function subjectForm(context: RenderContext): Html {
  return card(
    'Records and blobs',
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'subject', label: 'Record or blob', required: true, maxLength: 700, help: 'at://handle/collection/key, or a DID and a CID separated by a space' })}
${field({ name: 'ref', label: 'Reason or reference', maxLength: 300 })}
${field({ name: 'undo', label: 'Lift the takedown', type: 'check' })}
<button class="quiet">Save</button></form>`,
    {
      help: 'A record or blob that is taken down is not served to others. It stays in the repo, and the owner can still delete it. These takedowns are not listed here; see the audit log.',
    },
  )
}
