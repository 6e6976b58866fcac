/** dev.headwater.webhook: endpoints that are sent events, and what was sent. For now the operator's, of all accounts. */
import { randomBytes } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'
import { SERVER_OWNER } from '#src/rules/webhook-owners.ts'

const HOUR_MS = 3_600_000
const ID_LETTERS = 20
const SECRET_BYTES = 32

const webhooksOf = ({ dispatch }: ServerContext) => dispatch.webhooks(SERVER_OWNER)

export const putEndpoint = method(webhook.putEndpoint, {
  auth: 'admin',
  run: async ({ input, server }) => {
    const { endpoints } = webhooksOf(server)
    const { id, secret = newSecret(), enabled, ...fields } = input
    if (id !== undefined) {
      if (input.secret !== undefined) {
        throw invalidRequest('An endpoint gets another secret by rotateSecret')
      }
      const change = { ...fields, ...(enabled !== undefined && { enabled }) }
      return { endpoint: await endpoints.update({ id, ...change }) }
    }
    const { url, description = '', types = ['*'], collections = [] } = fields
    if (url === undefined) throw invalidRequest('A new endpoint needs a URL', 'InvalidUrl')
    const made = { id: newId('we'), secret, url, description, types, collections }
    const endpoint = await endpoints.create(made)
    if (enabled !== false) return { endpoint, secret }
    return { endpoint: await endpoints.update({ id: made.id, enabled }), secret }
  },
})

export const listEndpoints = method(webhook.listEndpoints, {
  auth: 'admin',
  run: async ({ server }) => ({ endpoints: await webhooksOf(server).endpoints.list() }),
})

export const deleteEndpoint = method(webhook.deleteEndpoint, {
  auth: 'admin',
  run: async ({ input: { id }, server }) => {
    await webhooksOf(server).endpoints.remove({ id })
    return undefined
  },
})

export const rotateSecret = method(webhook.rotateSecret, {
  auth: 'admin',
  run: async ({ input, server }) => {
    const { id, secret = newSecret(), overlapHours = 24 } = input
    const overlapMs = overlapHours * HOUR_MS
    return {
      endpoint: await webhooksOf(server).endpoints.rotate({ id, secret, overlapMs }),
      secret,
    }
  },
})

export const testEndpoint = method(webhook.testEndpoint, {
  auth: 'admin',
  run: async ({ input: { id: endpoint }, server }) => {
    const messageId = newId('msg_test')
    await webhooksOf(server).deliveries.test({ endpoint, message: messageId })
    return { messageId }
  },
})

export const listDeliveries = method(webhook.listDeliveries, {
  auth: 'admin',
  run: ({ params, server }) => {
    const { id: endpoint, ...query } = params
    return webhooksOf(server).deliveries.list({ endpoint, ...query })
  },
})

export const redeliver = method(webhook.redeliver, {
  auth: 'admin',
  run: async ({ input: { id: endpoint, messageId: message }, server }) => {
    await webhooksOf(server).deliveries.redeliver({ endpoint, message })
    return undefined
  },
})

export const replay = method(webhook.replay, {
  auth: 'admin',
  run: ({ input: { id: endpoint, since, until }, server }) =>
    webhooksOf(server).deliveries.replay({
      ...{ endpoint, since: Date.parse(since) },
      ...(until !== undefined && { until: Date.parse(until) }),
    }),
})

function newId(prefix: string): string {
  return `${prefix}_${randomLetters(1, ID_LETTERS)}`
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}
