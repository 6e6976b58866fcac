/** The operator's port: health and metrics of a process with actors but no gateway. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { errorResponse } from '#src/gateway/http/response.ts'
import { Health, type HealthPorts } from '#src/gateway/operator/health.ts'
import { createMetrics, type SyncTotal } from '#src/gateway/operator/metrics.ts'
import { type OperatorPorts, operatorRoutes } from '#src/gateway/operator/operator-routes.ts'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { Log } from '#src/log.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export interface OperatorPortPorts
  extends Omit<HealthPorts, 'dispatch' | 'log' | 'relays' | 'archives'> {
  dispatch: OperatorPorts['server']['dispatch']
  service: OperatorPorts['server']['service']
  host: string
  port: number
  adminPassword: string | undefined
  metricsOpen: boolean
  log: Log
  unhandledRejections: () => number
  storeSyncs: SyncTotal | undefined
  webhookStats: WebhookStats
}

export async function startOperatorPort(
  ports: OperatorPortPorts,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { dispatch, service, adminPassword, metricsOpen, log, host, port } = ports
  const { unhandledRejections, storeSyncs, webhookStats: webhooks } = ports
  const health = new Health({ ...ports, relays: undefined, archives: undefined })
  const app = new Hono<Env>()
  operatorRoutes(app, {
    server: { dispatch, service },
    health,
    metrics: createMetrics({ health, unhandledRejections, storeSyncs, webhooks }),
    findAccount: accountFinder(dispatch),
    adminPassword,
    metricsOpen,
  })
  app.notFound(() => errorResponse(new XrpcError(404, 'NotFound', 'Not Found')))
  app.onError((error) => {
    if (error instanceof XrpcError) return errorResponse(error)
    log.error({ err: error }, 'request failed')
    return errorResponse(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  })
  const server = serve({ fetch: app.fetch, hostname: host, port })
  await once(server, 'listening')
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  return {
    url,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}
