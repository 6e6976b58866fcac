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
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const path = `${consolePath}/moderation/takedowns`

export function takedownPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { accounts } = server.dispatch.directory

  const show: ShowPage = async (call, note, status = 200) => {
    const { text } = call
    const { cursor } = call.c.req.query()
    const [taken, suspended] = await Promise.all([
      accounts.search({
        status: 'takendown',
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      }),
      accounts.search({ status: 'suspended', limit: PAGE }),
    ])
    const head = [text('account'), text('state'), text('created'), '']
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
          ...{ label: title, head, empty },
          rows: all.map((account) => row(call.session, account, undo, label)),
        }),
      )
    return call.render({
      ...{ title: text('takedowns'), wide: true, note, status },
      body: html`${list(text('takenDownAccounts'), taken.accounts, 'lift-takedown', text('lift'), text('noTakedowns'))}
${pager(call.session, { after: nextPage(call.c.req.url, taken.cursor) })}
${list(text('suspendedAccounts'), suspended.accounts, 'lift-suspension', text('lift'), text('noSuspensions'))}
${subjectForm(call.session)}`,
    })
  }

  get('/moderation/takedowns', show)
  post(
    '/moderation/takedowns',
    async (call, form) => {
      const typed = required(call, form['subject'], call.text('recordOrBlob'))
      const subject = await readSubject(call, server, typed)
      if (subject.uri === undefined && subject.blob === undefined) {
        throw invalidRequest(call.text('onTheirPage'))
      }
      const applied = form['undo'] !== 'yes'
      const takedown = { applied, ...(form['ref']?.trim() && { ref: form['ref'].trim() }) }
      await call.run(
        admin.updateSubjectStatus,
        { subject: await statusSubject(call, server, subject), takedown },
        typed,
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
    statusBadge(context, status),
    timeOf(context, createdAt),
    actionForm(context, { action, label, about: handle }),
  ]
}

function subjectForm(context: RenderContext): Html {
  const { text } = operatorTexts(context)
  return card(
    text('recordsAndBlobs'),
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'subject', label: text('recordOrBlob'), required: true, maxLength: 700, help: text('recordOrBlobHelp') })}
${field({ name: 'ref', label: text('reasonOrReference'), maxLength: 300 })}
${field({ name: 'undo', label: text('liftTakedown'), type: 'check' })}
<button class="quiet">${text('save')}</button></form>`,
    {
      help: text('recordsHelp'),
    },
  )
}
