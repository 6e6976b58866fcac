/** The HTTP application: every route there is, in reading order. */
import { type Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { answerError, openHeaders } from '#src/gateway/answer.ts'
import { admin } from '#src/gateway/authenticate.ts'
import type { Metrics } from '#src/gateway/metrics.ts'
import { plainRoutes } from '#src/gateway/well-known.ts'
import { type CallPorts, type Env, xrpcHandler } from '#src/gateway/xrpc-call.ts'

export interface AppPorts extends CallPorts {
  metrics: Metrics
  /** Who may read /metrics: whoever has the admin password, or anybody. */
  adminPassword: string | undefined
  metricsOpen: boolean
}

/** Builds the application over its ports; it holds no socket. */
export function createApp(ports: AppPorts): Hono<Env> {
  const app = new Hono<Env>()
  app.options('*', preflight)
  plainRoutes(app, ports.server)
  app.get('/metrics', async (c) => {
    if (!ports.metricsOpen) admin(ports, c.req.header('authorization'))
    const { text, type } = await ports.metrics.render()
    return new Response(text, { headers: { 'content-type': type } })
  })
  app.get('/xrpc/com.atproto.sync.subscribeRepos', () => upgradeRequired())
  app.all('/xrpc/*', xrpcHandler(ports))
  app.notFound(() => answerError(new XrpcError(404, 'NotFound', 'Not Found')))
  app.onError((error) => {
    if (error instanceof XrpcError) return answerError(error)
    ports.log.error({ err: error }, 'request failed')
    return answerError(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  })
  return app
}

/** CORS preflight: any page may call, with any headers; good for a day. */
function preflight(c: Context<Env>): Response {
  const wanted = c.req.header('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      ...openHeaders,
      'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
      'access-control-max-age': '86400',
      vary: 'Access-Control-Request-Headers',
      ...(wanted && { 'access-control-allow-headers': wanted }),
    },
  })
}

/** The firehose is a WebSocket; its upgrades never come here. */
function upgradeRequired(): Response {
  const response = answerError(
    new XrpcError(426, 'UpgradeRequired', 'com.atproto.sync.subscribeRepos is a WebSocket'),
  )
  response.headers.set('upgrade', 'websocket')
  return response
}
