/** The HTTP application: every route there is, in reading order. */
import { type Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { answerError, openHeaders } from '#src/gateway/http/answer.ts'
import { handleRulesRoutes } from '#src/gateway/operator/handle-rules-routes.ts'
import type { Metrics } from '#src/gateway/operator/metrics.ts'
import { type OperatorPorts, operatorRoutes } from '#src/gateway/operator/operator-routes.ts'
import type { Desk } from '#src/gateway/pages/page-context.ts'
import { securityPages } from '#src/gateway/pages/pages.ts'
import { plainRoutes } from '#src/gateway/well-known.ts'
import type { Surface } from '#src/gateway/xrpc/server-context.ts'
import { type CallPorts, type Env, xrpcHandler } from '#src/gateway/xrpc/xrpc-call.ts'

export interface AppPorts extends CallPorts, OperatorPorts {
  /** What the security pages have besides; absent where there are none. */
  security?: Pick<Desk, 'look' | 'secret' | 'clock' | 'signInDevice'>
  metrics: Metrics
  server: Surface
}

/** Builds the application over its ports; it holds no socket. */
export function createApp(ports: AppPorts): Hono<Env> {
  const app = new Hono<Env>()
  app.options('*', preflight)
  plainRoutes(app, ports.server)
  handleRulesRoutes(app, ports.server.identity.knownHandleRules, ports)
  operatorRoutes(app, ports)
  if (ports.security !== undefined) securityPages(app, { ...ports, ...ports.security })
  app.get('/xrpc/com.atproto.sync.subscribeRepos', () => upgradeRequired())
  app.all('/xrpc/*', xrpcHandler(ports))
  app.notFound(() => answerError(new XrpcError(404, 'NotFound', 'Not Found')))
  app.onError((error, c) => {
    if (error instanceof XrpcError) return answerError(error)
    ports.log.error({ id: c.env?.requestId, err: error }, 'request failed')
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
