/** The moderation queue: cases, filtered and ordered in the URL, and the form that opens one. */
import { randomUUID } from 'node:crypto'
import { html } from 'hono/html'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import {
  blurredImage,
  caseBadge,
  caseFilterOf,
  caseFilters,
  optionsOf,
  reasonsOf,
  subjectLine,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { englishCaseText } from '#src/gateway/pages/cases/messages.ts'
import { field, filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { accountPath } from '#src/gateway/pages/operator/accounts.ts'
import { imagePath } from '#src/gateway/pages/operator/case-image.ts'
import { required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { readSubject } from '#src/gateway/pages/operator/read-subject.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import { subjectKey } from '#src/rules/moderation-cases.ts'

const PAGE = 25
const MAX_TENANT = 32
const MAX_TEXT = 2_000
const path = `${consolePath}/moderation`

const reasonTypes: Readonly<Record<string, string>> = {
  'com.atproto.moderation.defs#reasonSpam': 'Spam',
  'com.atproto.moderation.defs#reasonMisleading': 'Misleading',
  'com.atproto.moderation.defs#reasonSexual': 'Sexual content',
  'com.atproto.moderation.defs#reasonRude': 'Harassment',
  'tools.ozone.report.defs#reasonViolenceOther': 'Violence',
  'tools.ozone.report.defs#reasonChildSafetyOther': 'Child safety',
  'tools.ozone.report.defs#reasonSelfHarmOther': 'Self-harm',
  'com.atproto.moderation.defs#reasonViolation': 'Breaks the rules',
  'com.atproto.moderation.defs#reasonOther': 'Other',
}

export function moderationPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { moderationCases } = server.dispatch.directory

  const show: ShowPage = async (call, note, status = 200) => {
    const query = call.c.req.query()
    const { state = '', reason = '', sort = '', tenant = '', did = '', cursor } = query
    const ofTenant = tenant.trim().slice(0, MAX_TENANT)
    const found = await moderationCases.list({
      ...{ ...caseFilterOf({ state, reason, sort }), limit: PAGE },
      ...(ofTenant !== '' && { tenant: ofTenant }),
      ...(did !== '' && { did }),
      ...(cursor !== undefined && { cursor }),
    })
    const fields = [
      ...caseFilters(englishCaseText, { state, reason, sort }),
      { name: 'tenant', label: 'Tenant', value: tenant, maxLength: MAX_TENANT },
    ]
    return call.render({
      ...{ title: 'Moderation', wide: true, note, status },
      actions: html`<a class="button quiet" href="${path}/takedowns">Takedowns</a>`,
      body: html`${filterForm(call.session, fields)}
<section>${queueTable(call.session, found.cases)}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}
${newCase(call.session)}
<p class="muted">Reports that accounts of this server make about each other are kept here. ${whereReportsGo(server)}</p>`,
    })
  }

  get('/moderation', show)
  post(
    '/moderation',
    async (call, { subject: typed, reasonType = '', text = '' }) => {
      const subject = await readSubject(server, required(typed, 'The subject'))
      const reason = Object.hasOwn(reasonTypes, reasonType) ? reasonType : 'other'
      await call.audit('report', { target: subjectKey(subject), reasonType: reason })
      const added = await moderationCases.addReport({
        ...{ id: randomUUID(), subject, reasonType: reason, isLimited: false },
        ...(text.trim() !== '' && { text: text.trim() }),
        by: call.operator.actor,
      })
      return call.redirect(`/moderation/cases/${added.case}`, 'saved')
    },
    show,
  )
}

function queueTable(context: RenderContext, cases: readonly CaseView[]): Html {
  const rows = cases.map((one) => [
    html`<a class="nowrap" href="${path}/cases/${one.id}">Case ${one.id}</a>`,
    subjectCell(one),
    twoLines(
      reasonsOf(englishCaseText, one),
      one.reporters === 1 ? '1 reporter' : `${one.reporters} reporters`,
    ),
    caseBadge(englishCaseText, one),
    one.tenant ?? '–',
    timeOf(context, one.reportedAt),
  ])
  const head = ['Case', 'Subject', 'Reports', 'State', 'Tenant', 'Newest report']
  return table({ label: 'Cases', head, rows, empty: 'No cases match. Nothing to do here.' })
}

function subjectCell(one: CaseView): Html {
  const { did, handle, blob } = one
  const account = handle === null ? html`${did}` : html`<a href="${accountPath(did)}">${handle}</a>`
  const label = `the file of case ${one.id}`
  const image = blob === undefined ? '' : blurredImage(imagePath(did, blob), label)
  return html`<div>${account}<small>${subjectLine(englishCaseText, one)}</small>${image}</div>`
}

function newCase(context: RenderContext): Html {
  return html`<section aria-label="New report"><details class="more"><summary>Report something yourself</summary>
<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'subject', label: 'Account, record or file', required: true, maxLength: 700, help: 'A handle or DID, at://handle/collection/key, or a DID and a CID separated by a space' })}
${field({ name: 'reasonType', label: 'Reason of the report', options: optionsOf(reasonTypes) })}
${field({ name: 'text', label: 'Text', type: 'area', maxLength: MAX_TEXT })}
<button>Report</button></form></details></section>`
}

/** `audienceOf` throws if no service is configured, which is not an error here. */
function whereReportsGo({ services }: ConsolePorts['server']): string {
  if (services.takesReports) return 'They go to no other service.'
  try {
    const service = services.audienceOf('com.atproto.moderation.createReport', undefined)
    return `They are also passed on to the service that the app names, or to ${service}.`
  } catch {
    return 'They are passed on to the service that the app names. A report that names none is refused: set PDS_REPORT_SERVICE_URL, or PDS_LOCAL_REPORTS_ENABLED to take it here.'
  }
}
