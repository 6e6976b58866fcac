/** The webhook endpoints of a tenant. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { type TenantMessages, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'

export const webhooksPage: AreaPage<TenantVisit> = {
  path: '/webhooks',
  title: ({ text }) => text('webhooks'),
  isFor: ({ may }) => may('webhooks'),
  async show({ call, session, base, text }) {
    const { endpoints } = await call(webhook.listEndpoints)
    const list = table({
      label: text('endpoints'),
      head: ['URL', text('state'), text('events'), text('waiting'), text('lastDelivered')],
      rows: endpoints.map((endpoint) => [
        html`<a href="${base}/webhooks/${endpoint.id}">${endpoint.url}</a>${endpoint.description === '' ? '' : html`<small>${endpoint.description}</small>`}`,
        stateOf(text, endpoint),
        endpoint.types.join(', '),
        String(endpoint.waiting),
        endpoint.lastSuccessAt === undefined
          ? text('never')
          : timeOf(session, endpoint.lastSuccessAt),
      ]),
      empty: text('noEndpoints'),
    })
    const add = html`<form method="post" action="${base}/webhooks/add">${hiddenFields(session)}
${field({ name: 'url', label: 'URL', type: 'url', required: true, maxLength: 2000 })}
${field({ name: 'types', label: text('events'), value: '*', help: text('eventsHelp'), maxLength: 1000 })}
${field({ name: 'collections', label: text('collectionsHelp'), maxLength: 1000 })}
${field({ name: 'description', label: text('description'), maxLength: 200 })}
<button>${text('add')}</button></form>`
    return { body: html`${list}${card(text('addEndpoint'), add)}`, wide: true }
  },
  actions: {
    add: async (
      { call, base, text },
      { url = '', types = '', collections = '', description = '' },
    ) => {
      const { endpoint, secret } = await call(webhook.createEndpoint, {
        input: {
          ...{ url: url.trim(), types: wordsOf(types), description },
          collections: wordsOf(collections),
        },
      })
      const link = html`<p><a class="button" href="${base}/webhooks/${endpoint.id}">${text('backToEndpoint')}</a></p>`
      return { once: secretCard(text, secret, link) }
    },
  },
}

export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

export function secretCard(
  text: TenantMessages['text'],
  secret: string,
  more: Html | string = '',
): Html {
  return card(text('secret'), html`<div class="secret">${secret}</div>${more}`, {
    help: text('secretHelp'),
  })
}

export function stateOf(
  text: TenantMessages['text'],
  endpoint: { status: string; disabledReason?: string; failingSince?: string },
): Html {
  const { status, disabledReason = '', failingSince } = endpoint
  if (status === 'disabled')
    return badge(
      text('endpoint.disabled', { reason: wordOf(text, 'disabled', disabledReason) }),
      'bad',
    )
  return failingSince === undefined
    ? badge(text('endpoint.enabled'), 'good')
    : badge(text('endpoint.failing'), 'warn')
}
