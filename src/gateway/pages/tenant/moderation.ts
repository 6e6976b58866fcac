/** The moderation cases about accounts of a tenant. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import {
  caseBadge,
  caseFilterOf,
  caseFilters,
  reasonsOf,
  subjectLine,
} from '#src/gateway/pages/cases/case-blocks.ts'
import { caseText } from '#src/gateway/pages/cases/texts.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE = 25

export const moderationPage: AreaPage<TenantVisit> = {
  path: '/moderation',
  title: ({ session }) => caseText(session)('moderation'),
  async show({ call, session, base }, c) {
    const text = caseText(session)
    const { state = '', reason = '', sort = '', cursor } = c.req.query()
    const { cases, cursor: next } = await call(tenant.listCases, {
      params: {
        ...{ ...caseFilterOf({ state, reason, sort }), limit: PAGE },
        ...(cursor !== undefined && { cursor }),
      },
    })
    const rows = cases.map((one) => [
      html`<a class="nowrap" href="${base}/moderation/${one.id}">${text('caseN', { n: String(one.id) })}</a>`,
      html`<div>${one.handle === undefined ? one.did : html`<a href="${base}/accounts/${one.did}">${one.handle}</a>`}<small>${subjectLine(text, one)}</small></div>`,
      html`<div>${reasonsOf(text, one)}<small>${text('nReporters', { n: one.reporters })}</small></div>`,
      caseBadge(text, one),
      timeOf(session, one.reportedAt),
    ])
    const query = new URLSearchParams({ state, reason, sort })
    if (next !== undefined) query.set('cursor', next)
    const after = next === undefined ? {} : { after: `${base}/moderation?${query}` }
    const list = table({
      label: text('cases'),
      head: [
        ...[text('case'), text('subject'), text('reports'), text('caseState')],
        text('newestReport'),
      ],
      rows,
      empty: text('noCases'),
    })
    return {
      body: html`${filterForm(session, caseFilters(text, { state, reason, sort }))}
<section>${list}</section>${pager(session, after)}
<p class="muted">${text('whoReported')}</p>`,
      wide: true,
    }
  },
}
