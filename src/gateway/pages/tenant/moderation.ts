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
} from '#src/gateway/pages/case-blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE = 25

export const moderationPage: AreaPage<TenantVisit> = {
  path: '/moderation',
  title: () => 'Moderation',
  async show({ call, session, base }, c) {
    const { state = '', reason = '', sort = '', cursor } = c.req.query()
    const { cases, cursor: next } = await call(tenant.listCases, {
      params: {
        ...{ ...caseFilterOf({ state, reason, sort }), limit: PAGE },
        ...(cursor !== undefined && { cursor }),
      },
    })
    const rows = cases.map((one) => [
      html`<a class="nowrap" href="${base}/moderation/${one.id}">Case ${one.id}</a>`,
      html`<div>${one.handle === undefined ? one.did : html`<a href="${base}/accounts/${one.did}">${one.handle}</a>`}<small>${subjectLine(one)}</small></div>`,
      html`<div>${reasonsOf(one)}<small>${one.reporters === 1 ? '1 reporter' : `${one.reporters} reporters`}</small></div>`,
      caseBadge(one),
      timeOf(session, one.reportedAt),
    ])
    const query = new URLSearchParams({ state, reason, sort })
    if (next !== undefined) query.set('cursor', next)
    const after = next === undefined ? {} : { after: `${base}/moderation?${query}` }
    const list = table({
      ...{ label: 'Cases', head: ['Case', 'Subject', 'Reports', 'State', 'Newest report'], rows },
      empty: 'No cases match. Reports about your accounts appear here.',
    })
    return {
      body: html`${filterForm(session, caseFilters({ state, reason, sort }))}
<section>${list}</section>${pager(session, after)}
<p class="muted">Who has reported is known to the operator of the server only.</p>`,
      wide: true,
    }
  },
}
