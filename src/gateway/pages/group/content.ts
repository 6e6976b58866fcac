/** The records of a group by collection, each with who wrote it if the audit log still has that. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { emptyState, menu, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { mayPost, newPostLink } from '#src/gateway/pages/group/new-post.ts'
import { historyUrl } from '#src/gateway/pages/history/history-visit.ts'
import { previewOf } from '#src/gateway/pages/record-preview.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as repo from '#src/protocol/lexicons/com/atproto/repo.ts'

const PAGE_RECORDS = 12
/** Characters of a record that is opened. */
const MAX_JSON = 500

interface Query {
  collection?: string
  cursor?: string
}

export const contentPage: AreaPage<GroupVisit> = {
  path: '/content',
  title: ({ text }) => text('content'),
  async show(visit, c) {
    const { text, base } = visit
    const query: Query = c.req.query()
    const collections = await collectionsOf(visit)
    const actions = mayPost(visit) ? newPostLink(visit) : html``
    if (collections.length === 0) return { body: emptyState(text('noContent')), actions }
    const { collection = collections[0]! } = query
    const links = collections.map((name) => {
      const href = `${base}/content?${new URLSearchParams({ collection: name })}`
      const current = name === collection ? html` aria-current="page"` : ''
      return html`<a class="button quiet" href="${href}"${current}>${name}</a> `
    })
    const { list, cursor } = await recordTable(visit, { ...query, collection })
    const next = new URLSearchParams({ collection, ...(cursor !== undefined && { cursor }) })
    const body = html`<nav class="tabs" aria-label="${text('collections')}">${links}</nav>
<div data-cell="records">${list}</div>
${pager(visit.session, { ...(cursor !== undefined && { after: `${base}/content?${next}` }) })}`
    return { body, actions, wide: true, isLive: query.cursor === undefined }
  },
  actions: {
    delete: async (visit, form) => {
      const { collection = '', rkey = '', cid } = form
      const call = await visit.callAsGroup()
      await call(repo.deleteRecord, {
        input: {
          ...{ repo: visit.group.did, collection, rkey },
          // Not what was written in the meantime.
          ...(cid !== undefined && { swapRecord: cid }),
        },
      })
      return { goTo: `${visit.base}/content?${new URLSearchParams({ collection, done: '' })}` }
    },
  },
  live: {
    source: eventsOfGroup,
    async fragments(visit, c) {
      const query: Query = c.req.query()
      const { collection = (await collectionsOf(visit))[0] } = query
      if (collection === undefined) return []
      return [{ cell: 'records', html: (await recordTable(visit, { ...query, collection })).list }]
    },
  },
}

/** None while its records are not served. */
async function collectionsOf({ context, group: { did, status } }: GroupVisit): Promise<string[]> {
  if (status !== 'active') return []
  const { collections } = await context.server.dispatch.account(did).repo.describeRepo()
  return collections
}

async function recordTable(
  visit: GroupVisit,
  { collection, cursor: after }: { collection: string; cursor?: string },
): Promise<{ list: Html; cursor?: string | undefined }> {
  const {
    text,
    session,
    base,
    call,
    context,
    manage,
    group: { did },
  } = visit
  const { records, cursor } = await call(repo.listRecords, {
    params: {
      ...{ repo: did, collection, limit: PAGE_RECORDS },
      ...(after !== undefined && { cursor: after }),
    },
  })
  const paths = records.map(({ uri }) => uri.slice(`at://${did}/`.length))
  const writers = manage.has('audit')
    ? await context.server.dispatch.account(did).group.listWriters({ paths })
    : []
  const byPath = new Map(writers.map((one) => [one.path, one]))
  const names = await namesOf(
    context.server,
    writers.map(({ actor }) => actor),
  )
  const list = table({
    label: collection,
    head: [text('record'), text('writtenBy'), text('when'), ''],
    rows: records.map(({ uri, cid, value }, i) => {
      const path = paths[i]!
      const rkey = path.slice(collection.length + 1)
      const writer = byPath.get(path)
      const json = JSON.stringify(value, null, 2)
      return [
        html`<details><summary>${previewOf(value)}</summary><pre>${json.slice(0, MAX_JSON)}</pre></details><small><code title="${uri}">${rkey}</code></small>`,
        writer === undefined ? '–' : names(writer.actor),
        writer === undefined ? '' : timeOf(session, writer.at),
        menu(text('manage'), [
          ...(manage.has('history') ? [versionsLink(visit, collection, rkey)] : []),
          actionForm(session, {
            ...{
              action: `${base}/content/delete`,
              label: text('delete'),
              about: rkey,
              kind: 'bad',
            },
            fields: { collection, rkey, cid },
          }),
        ]),
      ]
    }),
    empty: text('noContent'),
  })
  return { list, cursor: records.length < PAGE_RECORDS ? undefined : cursor }
}

function versionsLink(visit: GroupVisit, collection: string, rkey: string): Html {
  return html`<a href="${historyUrl(visit, '/record', { collection, rkey })}">${visit.text('versions')}</a>`
}
