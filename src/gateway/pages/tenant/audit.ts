/** The audit log of a tenant, with names and filters. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import { caseText } from '#src/gateway/pages/cases/texts.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE_ROWS = 50
/** Characters. */
const MAX_DETAIL = 300

interface Query {
  actor?: string
  target?: string
  cursor?: string
  limit: number
}

export const auditPage: AreaPage<TenantVisit> = {
  path: '/audit',
  title: ({ text }) => text('auditLog'),
  isFor: ({ may }) => may('manage'),
  async show(visit, c) {
    const { session, base, text } = visit
    const { actor = '', target = '', cursor } = c.req.query()
    const query = {
      ...(actor !== '' && { actor }),
      ...(target !== '' && { target }),
      ...(cursor !== undefined && { cursor }),
      limit: PAGE_ROWS,
    }
    const filters = filterForm(session, [
      {
        name: 'actor',
        label: text('actorFilter'),
        type: 'search',
        value: actor,
      },
      { name: 'target', label: text('targetFilter'), type: 'search', value: target },
    ])
    const { entries, cursor: next } = await visit.call(tenant.getAudit, { params: query })
    const after = new URLSearchParams({
      actor,
      target,
      ...(next !== undefined && { cursor: next }),
    })
    const body = html`${filters}${await rows(visit, entries)}
${pager(session, next === undefined ? {} : { after: `${base}/audit?${after}` })}`
    return { body, wide: true }
  },
}

/** A part of the log, for another page. */
export async function auditTable(visit: TenantVisit, query: Query): Promise<Html> {
  const { entries } = await visit.call(tenant.getAudit, { params: query })
  return rows(visit, entries)
}

interface Entry {
  at: string
  actor: string
  action: string
  target?: string
  detail?: string
}

async function rows(
  { session, context, text }: TenantVisit,
  entries: readonly Entry[],
): Promise<Html> {
  const names = await namesOf(
    context.server,
    entries.flatMap(({ actor, target = '' }) => [actor, target]),
  )
  return table({
    label: text('auditLog'),
    head: [text('time'), text('actor'), text('action'), text('target'), text('details')],
    rows: entries.map(({ at, actor, action, target = '', detail = '' }) => [
      timeOf(session, at),
      actor === 'operator' ? caseText(session)('operator') : names(actor),
      word(session, 'action', action),
      names(target),
      html`<small>${detail === '{}' ? '' : detail.slice(0, MAX_DETAIL)}</small>`,
    ]),
    empty: text('noEntries'),
  })
}
