/** The server's webhook endpoints and their deliveries. */
import { html } from 'hono/html'
import {
  type BadgeKind,
  badge,
  card,
  facts,
  table,
  timeOf,
  withElement,
} from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field, filterForm } from '#src/gateway/pages/form-blocks.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { type ServerText, serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type Note, type RenderContext } from '#src/gateway/pages/shell.ts'
import { tenantTexts, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import type { DeliveryView } from '#src/webhooks/deliveries.ts'
import type { EndpointView } from '#src/webhooks/endpoints.ts'

const path = `${consolePath}/webhooks`
const deliveryStates = ['waiting', 'delivered', 'failed'] as const

export function endpointsView(context: RenderContext, endpoints: readonly EndpointView[]): Html {
  const { text } = serverTexts(context)
  const rows = endpoints.map((endpoint) => [
    twoLines(
      html`<a href="${path}/${endpoint.id}">${endpoint.url}</a>`,
      endpoint.description || endpoint.id,
    ),
    endpointBadge(context, endpoint),
    [...endpoint.types, ...endpoint.collections].join(', '),
    twoLines(
      endpoint.waiting,
      endpoint.oldestWaitingAt &&
        withElement(
          text('oldestWaiting', { time: '\n' }),
          timeOf(context, endpoint.oldestWaitingAt),
        ),
    ),
    endpoint.lastSuccessAt === undefined ? text('never') : timeOf(context, endpoint.lastSuccessAt),
  ])
  return html`<section>${table({
    ...{
      label: text('endpoints'),
      head: [
        ...[text('endpoint'), text('state'), text('webhookEvents')],
        ...[text('waiting'), text('lastSuccess')],
      ],
      rows,
    },
    empty: text('noEndpoints'),
  })}</section>
${card(
  text('newEndpoint'),
  html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'url', label: 'URL', type: 'url', required: true, maxLength: 2_000 })}
${field({ name: 'description', label: text('description'), maxLength: 300 })}
${field({ name: 'types', label: text('eventTypes'), help: text('eventTypesHelp'), maxLength: 1_000 })}
${field({ name: 'collections', label: text('collections'), help: text('collectionsHelp'), maxLength: 1_000 })}
<button>${text('create')}</button></form>`,
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
  const { text } = serverTexts(context)
  const { endpoint, deliveries, state, after, note } = input
  const ofTenants = tenantTexts(context).text
  const { id, status } = endpoint
  const to = (name: string) => `${path}/${id}/${name}`
  const button = (name: string, label: string) => actionForm(context, { action: to(name), label })
  const rows = deliveries.map((one) => [
    twoLines(html`<span class="mono">${one.type}</span>`, one.did ?? one.id),
    deliveryBadge(context, one),
    twoLines(one.attempts, one.error),
    timeOf(context, one.eventAt),
    actionForm(context, {
      action: to('redeliver'),
      label: text('sendAgain'),
      fields: { message: one.id },
      about: one.id,
    }),
  ])
  const deliveryHead = [text('event'), text('state'), text('attempts'), text('when'), '']
  return html`${card(
    text('endpoint'),
    html`${facts([
      [text('id'), html`<span class="mono">${id}</span>`],
      [text('webhookEvents'), [...endpoint.types, ...endpoint.collections].join(', ')],
      [text('waiting'), String(endpoint.waiting)],
      [
        text('failingSince'),
        endpoint.failingSince === undefined ? '–' : timeOf(context, endpoint.failingSince),
      ],
      [text('secrets'), text('nValid', { n: endpoint.secrets.length })],
    ])}
<div class="actions">${button('test', text('sendTest'))}${button('rotate', text('newSecret'))}${status === 'enabled' ? button('disable', text('disable')) : button('enable', text('enable'))}</div>`,
    { badge: endpointBadge(context, endpoint) },
  )}
${card(
  text('deliveries'),
  html`${filterForm(context, [
    {
      ...{ name: 'state', label: text('state'), value: state },
      options: [
        { value: '', label: text('all') },
        ...deliveryStates.map((value) => ({ value, label: wordOf(ofTenants, 'delivery', value) })),
      ],
    },
  ])}
${table({ label: text('deliveries'), head: deliveryHead, rows, empty: text('noDeliveries') })}${after}`,
)}
${card(
  text('replay'),
  html`<form method="post" action="${to('replay')}">${hiddenFields(context)}
${timeField('since', text('fromUtc'), true)}${timeField('until', text('toUtc'), false)}
<button class="quiet">${text('replay')}</button></form>`,
  {
    help: text('replayHelp'),
  },
)}
${card(text('delete'), confirmForm(context, { action: to('delete'), typed: id, label: text('deleteEndpoint'), note }), { danger: true, help: text('deleteEndpointHelp') })}`
}

/** Shown once. */
export function secretView(
  text: ServerText,
  { endpoint, secret }: { endpoint: EndpointView; secret: string },
): Html {
  return html`<section><p>${text('secretHelp', { url: endpoint.url })}</p>
<div class="secret">${secret}</div>
<p><a class="button quiet" href="${path}/${endpoint.id}">${text('backToEndpoint')}</a></p></section>`
}

function timeField(name: string, label: string, isRequired: boolean): Html {
  return html`<label for="${name}">${label}</label><input id="${name}" name="${name}" type="datetime-local"${isRequired ? html` required` : ''}>`
}

function endpointBadge(
  context: RenderContext,
  { status, disabledReason = 'operator', failingSince }: EndpointView,
): Html {
  const { text } = tenantTexts(context)
  if (status === 'disabled') {
    const reason = wordOf(text, 'disabled', disabledReason)
    return badge(text('endpoint.disabled', { reason }), 'bad')
  }
  return failingSince === undefined
    ? badge(text('endpoint.enabled'), 'good')
    : badge(text('endpoint.failing'), 'warn')
}

const kinds: Readonly<Record<string, BadgeKind>> = { delivered: 'good', waiting: 'warn' }

function deliveryBadge(context: RenderContext, { state, status }: DeliveryView): Html {
  const shown = wordOf(tenantTexts(context).text, 'delivery', state)
  return badge(status === undefined ? shown : `${shown}, ${status}`, kinds[state] ?? 'bad')
}
