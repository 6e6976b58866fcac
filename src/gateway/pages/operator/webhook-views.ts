/** The server's webhook endpoints and their deliveries. */
import { html } from 'hono/html'
import { type BadgeKind, badge, card, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field, filterForm } from '#src/gateway/pages/form-blocks.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type Note, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { DeliveryView } from '#src/webhooks/deliveries.ts'
import type { EndpointView } from '#src/webhooks/endpoints.ts'

const path = `${consolePath}/webhooks`

export function endpointsView(context: RenderContext, endpoints: readonly EndpointView[]): Html {
  const rows = endpoints.map((endpoint) => [
    twoLines(
      html`<a href="${path}/${endpoint.id}">${endpoint.url}</a>`,
      endpoint.description || endpoint.id,
    ),
    endpointBadge(endpoint),
    [...endpoint.types, ...endpoint.collections].join(', '),
    twoLines(
      endpoint.waiting,
      endpoint.oldestWaitingAt && html`the oldest ${timeOf(context, endpoint.oldestWaitingAt)}`,
    ),
    endpoint.lastSuccessAt === undefined ? 'never' : timeOf(context, endpoint.lastSuccessAt),
  ])
  return html`<section>${table({
    ...{
      label: 'Endpoints',
      head: ['Endpoint', 'State', 'Events', 'Waiting', 'Last success'],
      rows,
    },
    empty: 'No endpoints yet. Tenants manage their own.',
  })}</section>
${card(
  'New endpoint',
  html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'url', label: 'URL', type: 'url', required: true, maxLength: 2_000 })}
${field({ name: 'description', label: 'Description', maxLength: 300 })}
${field({ name: 'types', label: 'Event types', help: 'Comma-separated, such as account.*, session.created. Leave empty for all except records.', maxLength: 1_000 })}
${field({ name: 'collections', label: 'Collections, for record.*', help: 'Such as app.bsky.feed.*', maxLength: 1_000 })}
<button>Create</button></form>`,
)}`
}

export function endpointView(
  context: RenderContext,
  input: {
    endpoint: EndpointView
    deliveries: readonly DeliveryView[]
    state: string
    after: Html | ''
    note: Note | undefined
  },
): Html {
  const { endpoint, deliveries, state, after, note } = input
  const { id, status } = endpoint
  const to = (name: string) => `${path}/${id}/${name}`
  const button = (name: string, label: string) => actionForm(context, { action: to(name), label })
  const rows = deliveries.map((one) => [
    twoLines(html`<span class="mono">${one.type}</span>`, one.did ?? one.id),
    deliveryBadge(one),
    twoLines(one.attempts, one.error),
    timeOf(context, one.eventAt),
    actionForm(context, {
      action: to('redeliver'),
      label: 'Send again',
      fields: { message: one.id },
      about: one.id,
    }),
  ])
  return html`${card(
    'Endpoint',
    html`${facts([
      ['Id', html`<span class="mono">${id}</span>`],
      ['Events', [...endpoint.types, ...endpoint.collections].join(', ')],
      ['Waiting', String(endpoint.waiting)],
      [
        'Failing since',
        endpoint.failingSince === undefined ? '–' : timeOf(context, endpoint.failingSince),
      ],
      ['Secrets', `${endpoint.secrets.length} valid`],
    ])}
<div class="actions">${button('test', 'Send a test')}${button('rotate', 'New secret')}${status === 'enabled' ? button('disable', 'Disable') : button('enable', 'Enable')}</div>`,
    { badge: endpointBadge(endpoint) },
  )}
${card(
  'Deliveries',
  html`${filterForm(context, [
    {
      ...{ name: 'state', label: 'State', value: state },
      options: [
        { value: '', label: 'All' },
        ...['waiting', 'delivered', 'failed'].map((value) => ({ value, label: value })),
      ],
    },
  ])}
${table({ label: 'Deliveries', head: ['Event', 'State', 'Attempts', 'When', 'Action'], rows, empty: 'No deliveries yet. Send a test.' })}${after}`,
)}
${card(
  'Replay',
  html`<form method="post" action="${to('replay')}">${hiddenFields(context)}
${timeField('since', 'From (UTC)', true)}${timeField('until', 'To (UTC), empty for up to now', false)}
<button class="quiet">Replay</button></form>`,
  {
    help: 'Sends the events of that period again, in order, if they are still kept. Receivers recognize repeated messages by their ids.',
  },
)}
${card('Delete', confirmForm(context, { action: to('delete'), typed: id, label: 'Delete the endpoint', note }), { danger: true, help: 'Its deliveries are deleted too, including those that are waiting.' })}`
}

/** Shown once. */
export function secretView({ endpoint, secret }: { endpoint: EndpointView; secret: string }): Html {
  return html`<section><p>Messages to ${endpoint.url} are signed with this secret. Copy it now; it is not shown again.</p>
<div class="secret">${secret}</div>
<p><a class="button quiet" href="${path}/${endpoint.id}">Back to the endpoint</a></p></section>`
}

function timeField(name: string, label: string, isRequired: boolean): Html {
  return html`<label for="${name}">${label}</label><input id="${name}" name="${name}" type="datetime-local"${isRequired ? html` required` : ''}>`
}

function endpointBadge({ status, disabledReason, failingSince }: EndpointView): Html {
  if (status === 'disabled') return badge(disabledReason ?? 'disabled', 'bad')
  return failingSince === undefined ? badge('enabled', 'good') : badge('failing', 'warn')
}

const kinds: Readonly<Record<string, BadgeKind>> = { delivered: 'good', waiting: 'warn' }

function deliveryBadge({ state, status }: DeliveryView): Html {
  return badge(status === undefined ? state : `${state}, ${status}`, kinds[state] ?? 'bad')
}
