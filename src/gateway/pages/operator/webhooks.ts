/** The routes of the server's webhook endpoints and deliveries. */

import { invalidRequest, XrpcError } from '#src/errors.ts'
import * as webhook from '#src/gateway/methods/dev.headwater.webhook.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { isTyped, pager, wronglyTyped } from '#src/gateway/pages/form-blocks.ts'
import { type ConsoleCall, required } from '#src/gateway/pages/operator/console-call.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import {
  endpointsView,
  endpointView,
  secretView,
} from '#src/gateway/pages/operator/webhook-views.ts'
import type { DeliveryView } from '#src/webhooks/deliveries.ts'
import type { EndpointView } from '#src/webhooks/endpoints.ts'

const PAGE = 50
const states = ['waiting', 'delivered', 'failed'] as const

export function webhookPages(_: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const endpoints = async (call: ConsoleCall) =>
    (await call.query<{ endpoints: EndpointView[] }>(webhook.listEndpoints, {})).endpoints

  const list: ShowPage = async (call, note, status = 200) =>
    call.render({
      ...{ title: call.text('webhooks'), wide: true, note, status },
      body: endpointsView(call.session, await endpoints(call)),
    })

  const show: ShowPage = async (call, note, status = 200) => {
    const id = call.c.req.param('id') ?? ''
    const endpoint = (await endpoints(call)).find((one) => one.id === id)
    if (endpoint === undefined)
      throw new XrpcError(404, 'NotFound', serverTexts(call.session).text('noSuchEndpoint'))
    const { state = '', cursor } = call.c.req.query()
    const wanted = states.find((known) => known === state)
    const page = await call.query<{ deliveries: DeliveryView[]; cursor?: string }>(
      webhook.listDeliveries,
      { id, limit: String(PAGE), state: wanted, cursor },
    )
    const after = pager(call.session, { after: nextPage(call.c.req.url, page.cursor) })
    const shown = { endpoint, deliveries: page.deliveries, state, after, note }
    return call.render({
      ...{ title: endpoint.url, wide: true, status, note: note?.field ? undefined : note },
      body: endpointView(call.session, shown),
    })
  }

  /** `act` returns the note to show afterwards. */
  function action(
    name: string,
    act: (call: ConsoleCall, id: string, form: Form) => Promise<string>,
  ) {
    post(
      `/webhooks/:id/${name}`,
      async (call, form) => {
        const id = call.c.req.param('id') ?? ''
        return call.redirect(`/webhooks/${id}`, await act(call, id, form))
      },
      show,
    )
  }

  get('/webhooks', list)
  get('/webhooks/:id', show)
  post(
    '/webhooks',
    async (call, form) => {
      const input = {
        url: required(call, form['url'], 'URL'),
        description: form['description']?.trim() ?? '',
        ...fieldOf('types', form),
        ...fieldOf('collections', form),
      }
      const made = await call.run<{ endpoint: EndpointView; secret: string }>(
        webhook.createEndpoint,
        input,
        input.url,
      )
      return call.render({
        title: serverTexts(call.session).text('endpointCreated'),
        body: secretView(serverTexts(call.session).text, made),
      })
    },
    list,
  )
  action('test', async (call, id) => {
    await call.run(webhook.testEndpoint, { id }, id)
    return 'sent'
  })
  action('enable', async (call, id) => {
    await call.run(webhook.updateEndpoint, { id, enabled: true }, id)
    return 'enabled'
  })
  action('disable', async (call, id) => {
    await call.run(webhook.updateEndpoint, { id, enabled: false }, id)
    return 'disabled'
  })
  action('redeliver', async (call, id, { message }) => {
    await call.run(webhook.redeliver, { id, messageId: required(call, message, 'messageId') }, id)
    return 'again'
  })
  action('replay', async (call, id, { since, until }) => {
    const from = timeOf(call, since, 'fromUtc')
    const to = until?.trim() ? { until: timeOf(call, until, 'toUtc') } : {}
    await call.run(webhook.replay, { id, since: from, ...to }, id)
    return 'again'
  })
  post(
    '/webhooks/:id/rotate',
    async (call) => {
      const id = call.c.req.param('id') ?? ''
      const made = await call.run<{ endpoint: EndpointView; secret: string }>(
        webhook.rotateSecret,
        { id },
        id,
      )
      return call.render({
        title: serverTexts(call.session).text('newSecret'),
        body: secretView(serverTexts(call.session).text, made),
      })
    },
    show,
  )
  post(
    '/webhooks/:id/delete',
    async (call, form) => {
      const id = call.c.req.param('id') ?? ''
      if (!isTyped(form, id)) return show(call, wronglyTyped(call.session), 400)
      await call.run(webhook.deleteEndpoint, { id }, id)
      return call.redirect('/webhooks', 'deleted')
    },
    show,
  )
}

/** A comma-separated field as a list; left out if it is empty, so that the default applies. */
function fieldOf(name: 'types' | 'collections', form: Form): { [name: string]: string[] } {
  const parts = (form[name] ?? '').split(',').map((part) => part.trim())
  const given = parts.filter((part) => part !== '')
  return given.length === 0 ? {} : { [name]: given }
}

/** The fields are in UTC. */
function timeOf(call: ConsoleCall, typed: string | undefined, key: 'fromUtc' | 'toUtc'): string {
  const { text } = serverTexts(call.session)
  const field = text(key)
  const time = Date.parse(`${required(call, typed, field)}Z`)
  if (Number.isNaN(time)) throw invalidRequest(text('wrongTime', { field }))
  return new Date(time).toISOString()
}
