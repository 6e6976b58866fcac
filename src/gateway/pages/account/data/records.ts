/** The records of one collection, newest first; or those whose key or collection contains what was searched for. */
import { html } from 'hono/html'
import { searchForm } from '#src/gateway/pages/account/data/overview.ts'
import { recordHref, recordsHref } from '#src/gateway/pages/account/data/paths.ts'
import { createdAtOf } from '#src/gateway/pages/account/data/record-summary.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { pager } from '#src/gateway/pages/form-blocks.ts'
import { placeOf } from '#src/gateway/pages/record-path.ts'
import { previewOf } from '#src/gateway/pages/record-preview.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

const PAGE_RECORDS = 25
const MAX_QUERY = 1_000
/** Characters. */
const LARGE_ANSWER = 1_000_000

interface Listed {
  records: { uri: string; value: unknown }[]
}

export const recordsSection: Section = {
  ...inMyData,
  path: '/data/records',
  // Where the page of a record leads after its deletion.
  doneText: ({ session }) => dataTexts(session).text('deleted'),
  async show(visit) {
    const { c, session } = visit
    const query = (name: string) => c.req.query(name)?.slice(0, MAX_QUERY)
    const [q = '', collection = '', cursor] = [
      query('q')?.trim(),
      query('collection'),
      query('cursor'),
    ]
    const list = q === '' ? await listed(visit, collection, cursor) : await found(visit, q, cursor)
    return html`${dataTabs(session, '')}${searchForm(session, q)}${list}`
  },
}

async function listed(visit: Visit, collection: string, after?: string): Promise<Html> {
  const { account, did, session } = visit
  const { text } = dataTexts(session)
  const input = { collection, limit: PAGE_RECORDS + 1, ...(after && { cursor: after }) }
  const { json } = await account.repo.listRecords(input, 'self')
  const { records } = JSON.parse(json) as Listed
  const shown = records.slice(0, PAGE_RECORDS)
  const rows = shown.map(({ uri, value }) => {
    const path = uri.slice(`at://${did}/`.length)
    const createdAt = createdAtOf(value)
    return [
      html`<a href="${recordHref(path)}">${previewOf(value)}</a><small><code>${placeOf(path).rkey}</code></small>`,
      createdAt === undefined ? '' : timeOf(session, createdAt),
    ]
  })
  const head = [text('record'), text('created')]
  const list = table({ label: collection, head, rows, empty: text('noRecords') })
  // An answer of large records may be shorter than its limit.
  const isLast = records.length <= PAGE_RECORDS && json.length < LARGE_ANSWER
  const last = shown.at(-1)?.uri.slice(`at://${did}/${collection}/`.length)
  const next = isLast || last === undefined ? undefined : recordsHref({ collection, cursor: last })
  return html`${card(collection || text('records'), list)}${pager(session, { after: next })}`
}

async function found(visit: Visit, q: string, after?: string): Promise<Html> {
  const { account, did, name, session } = visit
  const { text } = dataTexts(session)
  const own = [`at://${did}/`, `at://${name}/`].find((prefix) => q.startsWith(prefix)) ?? ''
  const input = { text: q.slice(own.length), limit: PAGE_RECORDS, ...(after && { cursor: after }) }
  const { paths, cursor } = await account.repo.find(input)
  const rows = paths.map((path) => {
    const { collection, rkey } = placeOf(path)
    return [html`<a href="${recordHref(path)}"><code>${rkey}</code></a>`, collection]
  })
  const head = [text('record'), text('collection')]
  const list = table({ label: q, head, rows, empty: text('nothingFound', { text: q }) })
  const next = cursor && recordsHref({ q, cursor })
  return html`${card(text('records'), list)}${pager(session, { after: next })}`
}
