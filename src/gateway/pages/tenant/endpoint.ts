/** One webhook endpoint: its settings, deliveries and replays. */
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import {
  actionForm,
  confirmForm,
  field,
  filterForm,
  isTyped,
  pager,
} from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { type TenantMessages, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import { secretCard, stateOf, wordsOf } from '#src/gateway/pages/tenant/webhooks.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'

const PAGE_ROWS = 30
const LOOK_AGAIN_MS = 3_000

type C = Parameters<AreaPage<TenantVisit>['show']>[1]

const idOf = (c: C) => c.req.param('id') ?? ''

export const endpointPage: AreaPage<TenantVisit> = {
  path: '/webhooks/:id',
  title: ({ text }) => text('endpoint'),
  isInNav: false,
  isFor: ({ may }) => may('webhooks'),
  async show(visit, c, note) {
    const { session, base, text } = visit
    const endpoint = await read(visit, c)
    const { id, url, types, collections, description, status, failingSince, waiting } = endpoint
    const path = `${base}/webhooks/${id}`
    const { state = '', cursor } = c.req.query()
    const states = ['', 'waiting', 'delivered', 'failed'].map((value) => ({
      ...{ value, label: value === '' ? text('all') : wordOf(text, 'delivery', value) },
    }))
    const { list, cursor: next } = await deliveries(visit, id, { state, cursor })
    const after = new URLSearchParams({ state, ...(next !== undefined && { cursor: next }) })
    const button = (name: string, label: string, fields: Record<string, string> = {}) =>
      actionForm(session, { action: `${path}/${name}`, label, fields })
    const body = html`${card(
      url,
      html`${facts([
        [text('events'), types.join(', ')],
        ...(collections.length === 0
          ? []
          : [[text('collections'), collections.join(', ')] as const]),
        ...(failingSince === undefined
          ? []
          : [[text('failingSince'), timeOf(session, failingSince)] as const]),
        [text('waiting'), String(waiting)],
      ])}
<div class="actions">${button('test', text('sendTest'))}${button('enable', text(status === 'enabled' ? 'disable' : 'enable'), { enabled: status === 'enabled' ? '' : 'yes' })}${button('rotate', text('newSecret'))}</div>`,
      { badge: stateOf(text, endpoint) },
    )}
${card(text('deliveries'), html`${filterForm(session, [{ name: 'state', label: text('state'), value: state, options: states }])}<div data-cell="deliveries">${list}</div>${pager(session, next === undefined ? {} : { after: `${path}?${after}` })}`)}
${replayCard(visit, path)}${changeCard(visit, path, { url, types, collections, description })}
${card(text('delete'), confirmForm(session, { action: `${path}/delete`, typed: url, label: text('deleteEndpoint'), note }), { danger: true })}`
    return { body, wide: true, isLive: cursor === undefined }
  },
  actions: {
    test: async ({ call }, _, c) => {
      await call(webhook.testEndpoint, { input: { id: idOf(c) } })
      return undefined
    },
    redeliver: async ({ call }, { message = '' }, c) => {
      await call(webhook.redeliver, { input: { id: idOf(c), messageId: message } })
      return undefined
    },
    replay: async ({ call, text }, { since = '', until = '' }, c) => {
      const [from, to] = [momentOf(text, since), momentOf(text, until)]
      if (from === undefined) throw invalidRequest(text('noStart'))
      await call(webhook.replay, {
        input: { id: idOf(c), since: from, ...(to !== undefined && { until: to }) },
      })
      return undefined
    },
    enable: async ({ call }, { enabled = '' }, c) => {
      await call(webhook.updateEndpoint, { input: { id: idOf(c), enabled: enabled === 'yes' } })
      return undefined
    },
    rotate: async ({ call, text }, _, c) => {
      const { secret } = await call(webhook.rotateSecret, { input: { id: idOf(c) } })
      return { once: secretCard(text, secret) }
    },
    change: async ({ call }, { url = '', types = '', collections = '', description = '' }, c) => {
      await call(webhook.updateEndpoint, {
        input: {
          ...{ id: idOf(c), url: url.trim(), description },
          ...{ types: wordsOf(types), collections: wordsOf(collections) },
        },
      })
      return undefined
    },
    delete: async (visit, form, c) => {
      const { url } = await read(visit, c)
      if (!isTyped(form, url)) throw invalidRequest('The URL does not match', 'WronglyTyped')
      await visit.call(webhook.deleteEndpoint, { input: { id: idOf(c) } })
      return { goTo: `${visit.base}/webhooks` }
    },
  },
  live: {
    everyMs: LOOK_AGAIN_MS,
    async fragments(visit, c) {
      const { state = '' } = c.req.query()
      const { list } = await deliveries(visit, idOf(c), { state, cursor: undefined })
      return [{ cell: 'deliveries', html: list }]
    },
  },
}

/** Throws 404. */
async function read({ call, text }: TenantVisit, c: C) {
  const { endpoints } = await call(webhook.listEndpoints)
  const found = endpoints.find(({ id }) => id === idOf(c))
  if (found === undefined) throw new XrpcError(404, 'NotFound', text('noSuchEndpoint'))
  return found
}

async function deliveries(
  { call, session, base, text }: TenantVisit,
  id: string,
  { state, cursor }: { state: string; cursor: string | undefined },
): Promise<{ list: Html; cursor?: string | undefined }> {
  const { deliveries: all, cursor: next } = await call(webhook.listDeliveries, {
    params: {
      ...{ id, limit: PAGE_ROWS },
      ...(state !== '' && { state }),
      ...(cursor !== undefined && { cursor }),
    },
  })
  const kinds = { delivered: 'good', failed: 'bad' } as const
  const list = table({
    label: text('deliveries'),
    head: [...[text('event'), text('time'), text('state'), text('attempts'), text('response')], ''],
    rows: all.map((one) => [
      html`${one.type}<small><code>${one.did ?? ''}</code></small>`,
      timeOf(session, one.eventAt),
      badge(wordOf(text, 'delivery', one.state), kinds[one.state as keyof typeof kinds] ?? 'quiet'),
      html`${one.attempts}${one.nextAttemptAt === undefined ? '' : html`<small>${text('nextAttempt')} ${timeOf(session, one.nextAttemptAt)}</small>`}`,
      [one.status, one.error].filter((part) => part !== undefined).join(' '),
      actionForm(session, {
        ...{
          action: `${base}/webhooks/${id}/redeliver`,
          label: text('sendAgain'),
          about: one.type,
        },
        fields: { message: one.id },
      }),
    ]),
    empty: text('none'),
  })
  return { list, cursor: next }
}

function replayCard({ session, text }: TenantVisit, path: string): Html {
  return card(
    text('replay'),
    html`<form method="post" action="${path}/replay">${hiddenFields(session)}
${field({ name: 'since', label: text('replayFrom'), required: true, help: text('replayFromHelp') })}
${field({ name: 'until', label: text('replayTo') })}
<button class="quiet">${text('replay')}</button></form>`,
    { help: text('replayHelp') },
  )
}

function changeCard(
  { session, text }: TenantVisit,
  path: string,
  endpoint: { url: string; types: string[]; collections: string[]; description: string },
): Html {
  const { url, types, collections, description } = endpoint
  return card(
    text('change'),
    html`<form method="post" action="${path}/change">${hiddenFields(session)}
${field({ name: 'url', label: 'URL', type: 'url', value: url, required: true, maxLength: 2000 })}
${field({ name: 'types', label: text('events'), value: types.join(' '), maxLength: 1000 })}
${field({ name: 'collections', label: text('collections'), value: collections.join(' '), maxLength: 1000 })}
${field({ name: 'description', label: text('description'), value: description, maxLength: 200 })}
<button class="quiet">${text('save')}</button></form>`,
  )
}

/** A time in UTC as typed. Throws 400. */
function momentOf(text: TenantMessages['text'], typed: string): string | undefined {
  if (typed.trim() === '') return undefined
  const iso = `${typed.trim().replace(' ', 'T').replace(/Z$/, '')}Z`
  const ms = Date.parse(iso)
  if (Number.isNaN(ms)) throw invalidRequest(text('wrongTime', { text: typed }))
  return new Date(ms).toISOString()
}
