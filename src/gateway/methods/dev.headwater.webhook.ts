/** dev.headwater.webhook: endpoints and deliveries, of the operator for all accounts or of a tenant for its own. */
import { randomBytes } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
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

/** Changes by a tenant are in its audit log. */
async function audited(
  { server, caller }: WebhookCall,
  action: string,
  detail: { target: string; [name: string]: unknown },
): Promise<void> {
  if ('tenant' in caller) await addAudit({ server, caller }, action, detail)
}

export const createEndpoint = method(webhook.createEndpoint, {
  ...byOwner,
  run: async (call) => {
    const { secret = newSecret(), url, description = '', types = ['*'], ...more } = call.input
    const { collections = [] } = more
    const id = newId('we')
    await audited(call, 'createEndpoint', { target: id, url, types, collections })
    const made = { id, secret, url, description, types, collections }
    return { endpoint: await webhooksOf(call).endpoints.create(made), secret }
  },
})

export const updateEndpoint = method(webhook.updateEndpoint, {
  ...byOwner,
  run: async (call) => {
    const { id, url, description, types, collections, enabled } = call.input
    const change = {
      ...(url !== undefined && { url }),
      ...(description !== undefined && { description }),
      ...(types !== undefined && { types }),
      ...(collections !== undefined && { collections }),
      ...(enabled !== undefined && { enabled }),
    }
    await audited(call, 'updateEndpoint', { target: id, ...change })
    return { endpoint: await webhooksOf(call).endpoints.update({ id, ...change }) }
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
    await audited(call, 'deleteEndpoint', { target: id })
    await webhooksOf(call).endpoints.remove({ id })
    return undefined
  },
})

export const rotateSecret = method(webhook.rotateSecret, {
  ...byOwner,
  run: async (call) => {
    const { id, secret = newSecret(), overlapHours = 24 } = call.input
    const overlapMs = overlapHours * HOUR_MS
    await audited(call, 'rotateSecret', { target: id, overlapHours })
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
    await audited(call, 'redeliver', { target: endpoint, messageId: message })
    await webhooksOf(call).deliveries.redeliver({ endpoint, message })
    return undefined
  },
})

export const replay = method(webhook.replay, {
  ...byOwner,
  run: async (call) => {
    const { id: endpoint, since, until } = call.input
    await audited(call, 'replay', { target: endpoint, since, until })
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
