/** Takedowns and suspensions: the list of accounts, and a form for records and blobs. */
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
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const path = `${consolePath}/moderation`

export function moderationPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
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
      ...{ title: 'Moderation', wide: true, note, status },
      body: html`${list('Accounts taken down', taken.accounts, 'lift-takedown', 'Lift', 'No accounts are taken down.')}
${pager(call.session, { after: nextPage(call.c.req.url, taken.cursor) })}
${list('Suspended accounts', suspended.accounts, 'lift-suspension', 'Lift', 'No accounts are suspended.')}
${subjectForm(call.session)}
<section><h2>Reports</h2><p class="muted">This server does not store reports. Reports from its accounts are forwarded to ${reportService(server)}, and webhooks get report.received.</p></section>`,
    })
  }

  get('/moderation', show)
  post(
    '/moderation',
    async (call, form) => {
      const text = required(form['subject'], 'The record or blob')
      const applied = form['undo'] !== 'yes'
      const takedown = { applied, ...(form['ref']?.trim() && { ref: form['ref'].trim() }) }
      await call.run(admin.updateSubjectStatus, { subject: await subjectOf(text), takedown }, text)
      return call.redirect('/moderation', 'saved')
    },
    show,
  )

  /** An AT-URI of a record, or a DID and a CID. Throws 400 for anything else, and for a record that is not here. */
  async function subjectOf(text: string): Promise<object> {
    const blob = /^(did:[\w.:%-]+)[\s/]+(baf[a-z2-7]{20,})$/.exec(text)
    if (blob !== null) {
      return { $type: 'com.atproto.admin.defs#repoBlobRef', did: blob[1], cid: blob[2] }
    }
    const record = /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(text)
    const name = record?.[1] ?? ''
    const found = record && (await accounts.find({ identifier: name.toLowerCase() }))
    if (!record || !found) {
      throw invalidRequest(
        'Give the at:// address of a record here, or the DID of an account and the CID of a blob.',
      )
    }
    const [, , collection, rkey] = record as unknown as [string, string, string, string]
    const { moderation } = server.dispatch.account(found.did)
    const status = await moderation.getRecordStatus({ collection, rkey })
    if (status === null) throw invalidRequest('There is no such record here.')
    const uri = `at://${found.did}/${collection}/${rkey}`
    return { $type: 'com.atproto.repo.strongRef', uri, cid: status.cid }
  }
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

/** `audienceOf` throws if no service is configured, which is not an error here. */
function reportService({ services }: ConsolePorts['server']): string {
  try {
    return services.audienceOf('com.atproto.moderation.createReport', undefined)
  } catch {
    return 'a moderation service, if one is set (PDS_REPORT_SERVICE_URL)'
  }
}
