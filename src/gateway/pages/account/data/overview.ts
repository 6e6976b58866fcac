/** The first page of "My data": the storage that is used, and the collections with how many records each has. */
import { html } from 'hono/html'
import type { BlobUsage } from '#src/account/blobs/own-blobs.ts'
import type { CollectionCount } from '#src/account/repo/own-records.ts'
import { dataPath, recordsHref } from '#src/gateway/pages/account/data/paths.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { sliceOf } from '#src/gateway/pages/area/slices.ts'
import { card, progress, table } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE_COLLECTIONS = 50
/** Of a collection's name and of a record key, by the specification. */
const MAX_SEARCHED = 317 + 512

export const dataSection: Section = {
  ...inMyData,
  path: '/data',
  async show(visit) {
    const { c, session } = visit
    const { text } = dataTexts(session)
    const [collections, usage] = await Promise.all([
      collectionsOf(visit),
      visit.account.blob.usage(),
    ])
    const { rows, next } = sliceOf(collections, c.req.query('cursor'), PAGE_COLLECTIONS)
    const list = table({
      label: text('collections'),
      head: [text('collection'), text('count')],
      rows: rows.map(({ collection, count }) => [
        html`<a href="${recordsHref({ collection })}">${collection}</a>`,
        numberText(session, count),
      ]),
      empty: text('noRecords'),
    })
    const after = next && `${dataPath}?${new URLSearchParams({ cursor: next })}`
    return html`${dataTabs(session, '')}${storageCard(session, usage, collections)}
${searchForm(session)}
${card(text('collections'), list, { help: text('collectionsHelp') })}
${pager(session, { after })}`
  },
}

/** Of the pages that search the records. */
export function searchForm(session: RenderContext, value = ''): Html {
  const { text } = dataTexts(session)
  const q = { name: 'q', label: text('searchFor'), type: 'search' as const, value }
  return filterForm(session, [{ ...q, maxLength: MAX_SEARCHED }], `${dataPath}/records`)
}

export async function collectionsOf({ account }: Visit): Promise<CollectionCount[]> {
  return JSON.parse((await account.repo.count()).json) as CollectionCount[]
}

function storageCard(
  session: RenderContext,
  { bytes, count, quotaBytes }: BlobUsage,
  collections: readonly CollectionCount[],
): Html {
  const { text } = dataTexts(session)
  const { language } = session.messages
  const records = collections.reduce((sum, one) => sum + one.count, 0)
  const used = byteText(language, bytes)
  const quota = quotaBytes === undefined ? undefined : byteText(language, quotaBytes)
  const words =
    quota === undefined ? text('storageUsed', { used }) : text('storageOf', { used, quota })
  const bar = quotaBytes === undefined ? '' : progress(bytes, quotaBytes, words)
  const counts = [
    text('recordCount', { n: numberText(session, records) }),
    text('fileCount', { n: numberText(session, count) }),
  ]
  return card(
    text('storage'),
    html`<p class="lead">${words}</p>${bar}<p class="muted">${counts.join(' · ')}</p>`,
  )
}

export function numberText({ messages }: RenderContext, n: number): string {
  return new Intl.NumberFormat(messages.language).format(n)
}
