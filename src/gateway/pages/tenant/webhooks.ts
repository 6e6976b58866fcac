/** The webhook endpoints of a tenant. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'

export const webhooksPage: AreaPage<TenantVisit> = {
  path: '/webhooks',
  title: () => 'Webhooks',
  isFor: ({ may }) => may('webhooks'),
  async show({ call, session, base }) {
    const { endpoints } = await call(webhook.listEndpoints)
    const list = table({
      label: 'Endpoints',
      head: ['URL', 'State', 'Events', 'Waiting', 'Last delivered'],
      rows: endpoints.map((endpoint) => [
        html`<a href="${base}/webhooks/${endpoint.id}">${endpoint.url}</a>${endpoint.description === '' ? '' : html`<small>${endpoint.description}</small>`}`,
        stateOf(endpoint),
        endpoint.types.join(', '),
        String(endpoint.waiting),
        endpoint.lastSuccessAt === undefined ? 'never' : timeOf(session, endpoint.lastSuccessAt),
      ]),
      empty: 'No endpoints yet. Add the URL of your server below.',
    })
    const add = html`<form method="post" action="${base}/webhooks/add">${hiddenFields(session)}
${field({ name: 'url', label: 'URL', type: 'url', required: true, maxLength: 2000 })}
${field({ name: 'types', label: 'Events', value: '*', help: 'Event types such as account.created, separated by spaces; * for all.', maxLength: 1000 })}
${field({ name: 'collections', label: 'Collections, for record.* events', maxLength: 1000 })}
${field({ name: 'description', label: 'Description', maxLength: 200 })}
<button>Add</button></form>`
    return { body: html`${list}${card('Add an endpoint', add)}`, wide: true }
  },
  actions: {
    add: async ({ call, base }, { url = '', types = '', collections = '', description = '' }) => {
      const { endpoint, secret } = await call(webhook.createEndpoint, {
        input: {
          ...{ url: url.trim(), types: wordsOf(types), description },
          collections: wordsOf(collections),
        },
      })
      const link = html`<p><a class="button" href="${base}/webhooks/${endpoint.id}">Back to the endpoint</a></p>`
      return { once: secretCard(secret, link) }
    },
  },
}

export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

export function secretCard(secret: string, more: Html | string = ''): Html {
  return card('Signing secret', html`<div class="secret">${secret}</div>${more}`, {
    help: 'Your server verifies signatures with it. Copy it now; it is not shown again.',
  })
}

export function stateOf({
  status,
  disabledReason,
  failingSince,
}: {
  status: string
  disabledReason?: string
  failingSince?: string
}): Html {
  if (status === 'disabled') return badge(`disabled: ${disabledReason ?? ''}`, 'bad')
  return failingSince === undefined ? badge('enabled', 'good') : badge('failing', 'warn')
}
