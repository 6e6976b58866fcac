/** dev.headwater.webhook: endpoints and deliveries, of the operator for all accounts or of a tenant for its own. */
import { randomBytes } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'
import { SERVER_OWNER, tenantOwner } from '#src/rules/webhook-owners.ts'

const HOUR_MS = 3_600_000
const ID_LETTERS = 20
const SECRET_BYTES = 32

const byOwner = { auth: 'admin or tenant', tenantScope: 'webhooks' } as const

function webhooksOf({ server, caller }: WebhookCall): ReturnType<Dispatch['webhooks']> {
  const owner = 'tenant' in caller ? tenantOwner(caller.tenant.id) : SERVER_OWNER
  return server.dispatch.webhooks(owner)
}

interface WebhookCall {
  server: ServerContext
  caller: Callers['admin or tenant']
}

export const putEndpoint = method(webhook.putEndpoint, {
  ...byOwner,
  run: async (call) => {
    const { endpoints } = webhooksOf(call)
    const { input } = call
    const { id, secret = newSecret(), enabled, ...fields } = input
    if (id !== undefined) {
      if (input.secret !== undefined) {
        throw invalidRequest('The secret of an endpoint is changed by rotateSecret')
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
  ...byOwner,
  run: async (call) => ({ endpoints: await webhooksOf(call).endpoints.list() }),
})

export const deleteEndpoint = method(webhook.deleteEndpoint, {
  ...byOwner,
  run: async (call) => {
    const { id } = call.input
    await webhooksOf(call).endpoints.remove({ id })
    return undefined
  },
})

export const rotateSecret = method(webhook.rotateSecret, {
  ...byOwner,
  run: async (call) => {
    const { id, secret = newSecret(), overlapHours = 24 } = call.input
    const overlapMs = overlapHours * HOUR_MS
    return {
      endpoint: await webhooksOf(call).endpoints.rotate({ id, secret, overlapMs }),
      secret,
    }
  },
})

export const testEndpoint = method(webhook.testEndpoint, {
  ...byOwner,
  run: async (call) => {
    const { id: endpoint } = call.input
    const messageId = newId('msg_test')
    await webhooksOf(call).deliveries.test({ endpoint, message: messageId })
    return { messageId }
  },
})

export const listDeliveries = method(webhook.listDeliveries, {
  ...byOwner,
  run: (call) => {
    const { id: endpoint, ...query } = call.params
    return webhooksOf(call).deliveries.list({ endpoint, ...query })
  },
})

export const redeliver = method(webhook.redeliver, {
  ...byOwner,
  run: async (call) => {
    const { id: endpoint, messageId: message } = call.input
    await webhooksOf(call).deliveries.redeliver({ endpoint, message })
    return undefined
  },
})

export const replay = method(webhook.replay, {
  ...byOwner,
  run: (call) => {
    const { id: endpoint, since, until } = call.input
    return webhooksOf(call).deliveries.replay({
      ...{ endpoint, since: Date.parse(since) },
      ...(until !== undefined && { until: Date.parse(until) }),
    })
  },
})

function newId(prefix: string): string {
  return `${prefix}_${randomLetters(1, ID_LETTERS)}`
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}
