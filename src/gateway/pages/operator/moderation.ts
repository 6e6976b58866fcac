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
  reasonsOf,
  subjectLine,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { caseText, caseWord } from '#src/gateway/pages/cases/texts.ts'
import { field, filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { accountPath } from '#src/gateway/pages/operator/accounts.ts'
import { imagePath } from '#src/gateway/pages/operator/case-image.ts'
import { required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { readSubject } from '#src/gateway/pages/operator/read-subject.ts'
import { type OperatorText, operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import { type ReasonKind, subjectKey } from '#src/rules/moderation-cases.ts'

const PAGE = 25
const MAX_TENANT = 32
const MAX_TEXT = 2_000
const path = `${consolePath}/moderation`

/** The reasons of the form, and what they are called. */
const reasonTypes: Readonly<Record<string, ReasonKind>> = {
  'com.atproto.moderation.defs#reasonSpam': 'spam',
  'com.atproto.moderation.defs#reasonMisleading': 'misleading',
  'com.atproto.moderation.defs#reasonSexual': 'sexual',
  'com.atproto.moderation.defs#reasonRude': 'harassment',
  'tools.ozone.report.defs#reasonViolenceOther': 'violence',
  'tools.ozone.report.defs#reasonChildSafetyOther': 'child-safety',
  'tools.ozone.report.defs#reasonSelfHarmOther': 'self-harm',
  'com.atproto.moderation.defs#reasonViolation': 'rules',
  'com.atproto.moderation.defs#reasonOther': 'other',
}

export function moderationPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { moderationCases } = server.dispatch.directory

  const show: ShowPage = async (call, note, status = 200) => {
    const { text } = call
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
      ...caseFilters(caseText(call.session), { state, reason, sort }),
      { name: 'tenant', label: text('tenant'), value: tenant, maxLength: MAX_TENANT },
    ]
    return call.render({
      ...{ title: text('moderation'), wide: true, note, status },
      actions: html`<a class="button quiet" href="${path}/takedowns">${text('takedowns')}</a>`,
      body: html`${filterForm(call.session, fields)}
<section>${queueTable(call.session, found.cases)}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}
${newCase(call.session)}
<p class="muted">${text('reportsKept')} ${whereReportsGo(text, server)}</p>`,
    })
  }

  get('/moderation', show)
  post(
    '/moderation',
    async (call, { subject: typed, reasonType = '', text = '' }) => {
      const given = required(call, typed, call.text('reportSubject'))
      const subject = await readSubject(call, server, given)
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
  const { text } = operatorTexts(context)
  const ofCases = caseText(context)
  const rows = cases.map((one) => [
    html`<a class="nowrap" href="${path}/cases/${one.id}">${text('caseN', { n: String(one.id) })}</a>`,
    subjectCell(context, one),
    twoLines(reasonsOf(ofCases, one), text('nReporters', { n: one.reporters })),
    caseBadge(ofCases, one),
    one.tenant ?? '–',
    timeOf(context, one.reportedAt),
  ])
  const head = [
    ...[ofCases('case'), text('subject'), text('reports')],
    ...[text('state'), text('tenant'), text('newestReport')],
  ]
  return table({ label: ofCases('cases'), head, rows, empty: text('noCases') })
}

function subjectCell(context: RenderContext, one: CaseView): Html {
  const { text } = operatorTexts(context)
  const { did, handle, blob } = one
  const account = handle === null ? html`${did}` : html`<a href="${accountPath(did)}">${handle}</a>`
  const what = text('fileOfCase', { n: String(one.id) })
  const image =
    blob === undefined ? '' : blurredImage(imagePath(did, blob), what, text('showImage', { what }))
  return html`<div>${account}<small>${subjectLine(caseText(context), one)}</small>${image}</div>`
}

function newCase(context: RenderContext): Html {
  const { text } = operatorTexts(context)
  const reasons = Object.entries(reasonTypes).map(([value, kind]) => ({
    ...{ value, label: caseWord(caseText(context), 'reason', kind) },
  }))
  return html`<section aria-label="${text('newReport')}"><details class="more"><summary>${text('reportYourself')}</summary>
<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'subject', label: text('reportSubject'), required: true, maxLength: 700, help: text('reportSubjectHelp') })}
${field({ name: 'reasonType', label: text('reportReason'), options: reasons })}
${field({ name: 'text', label: text('text'), type: 'area', maxLength: MAX_TEXT })}
<button>${text('report')}</button></form></details></section>`
}

/** `audienceOf` throws if no service is configured, which is not an error here. */
function whereReportsGo(text: OperatorText, { services }: ConsolePorts['server']): string {
  if (services.takesReports) return text('reportsGoNowhere')
  try {
    const service = services.audienceOf('com.atproto.moderation.createReport', undefined)
    return text('reportsPassedOn', { service })
  } catch {
    return text('reportsRefused')
  }
}
