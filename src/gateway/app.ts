/** The HTTP application: all routes, in matching order. */
import { type Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { MemberAuthority } from '#src/gateway/group/member-authority.ts'
import { isAborted } from '#src/gateway/http/body-time.ts'
import { corsHeaders, errorResponse } from '#src/gateway/http/response.ts'
import type { MembersElsewhere } from '#src/gateway/members-elsewhere/members-elsewhere.ts'
import { streamPaths } from '#src/gateway/open-streams.ts'
import { checkRoutes } from '#src/gateway/operator/check-routes.ts'
import { createdAccountsRoute } from '#src/gateway/operator/created-accounts-route.ts'
import { handleRulesRoutes } from '#src/gateway/operator/handle-rules-routes.ts'
import type { Metrics } from '#src/gateway/operator/metrics.ts'
import { type OperatorPorts, operatorRoutes } from '#src/gateway/operator/operator-routes.ts'
import { relayRoutes } from '#src/gateway/operator/relay-routes.ts'
import { accountPages } from '#src/gateway/pages/account/routes.ts'
import { actAsPages } from '#src/gateway/pages/act-as.ts'
import { claimPage } from '#src/gateway/pages/claim.ts'
import { groupPages } from '#src/gateway/pages/group/pages.ts'
import { errorPage, homePages } from '#src/gateway/pages/home/routes.ts'
import { iconRoutes } from '#src/gateway/pages/icon.ts'
import { assetRoutes } from '#src/gateway/pages/islands.ts'
import type { PageStreams } from '#src/gateway/pages/live/page-streams.ts'
import { moveHerePages } from '#src/gateway/pages/move/here.ts'
import type { ConsoleSettings } from '#src/gateway/pages/operator/console-ports.ts'
import { operatorPages } from '#src/gateway/pages/operator/operator-pages.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { securityPages } from '#src/gateway/pages/pages.ts'
import { signInPages } from '#src/gateway/pages/sign-in/routes.ts'
import { tenantPages } from '#src/gateway/pages/tenant/pages.ts'
import type { EventStreams } from '#src/gateway/realtime/event-streams.ts'
import { lexiconRoutes } from '#src/gateway/realtime/lexicon-routes.ts'
import type { TenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { wellKnownRoutes } from '#src/gateway/well-known.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { type CallPorts, type Env, xrpcHandler } from '#src/gateway/xrpc/xrpc-call.ts'
import { SUBSCRIBE_PATH } from '#src/protocol/realtime-names.ts'

export interface AppPorts extends CallPorts, OperatorPorts {
  pages?: Pick<
    PageContext,
    'branding' | 'secret' | 'clock' | 'groups' | 'authorizationPage' | 'migrations'
  > & {
    /** Absent in some tests: then the pages of groups and tenants are not served, or are not live. */
    members?: MemberAuthority
    tenants?: TenantCredentials
    live?: PageStreams
  }
  /** The operator's console, which needs the pages; absent in some tests. */
  console?: ConsoleSettings
  /** Signs in members whose home is another server; absent in some tests. */
  membersElsewhere?: MembersElsewhere
  /** Serves server-sent events; absent in some tests. */
  eventStreams?: EventStreams
  metrics: Metrics
  server: ServerContext
}

export function createApp(ports: AppPorts): Hono<Env> {
  const app = new Hono<Env>()
  app.options('*', preflight)
  if (ports.pages !== undefined) homePages(app, { ...ports, branding: ports.pages.branding })
  wellKnownRoutes(app, ports.server)
  handleRulesRoutes(app, ports.server.identity.handleRulesCache, ports)
  operatorRoutes(app, ports)
  checkRoutes(app, ports, ports)
  relayRoutes(app, ports, ports)
  createdAccountsRoute(app, ports.server, ports)
  ports.membersElsewhere?.routes(app)
  if (ports.pages !== undefined) {
    const context = { ...ports, ...ports.pages }
    assetRoutes(app)
    iconRoutes(app, context.branding)
    // Before the others, which answer everything below their path.
    claimPage(app, context)
    securityPages(app, context)
    signInPages(app, context)
    accountPages(app, context)
    moveHerePages(app, context)
    actAsPages(app, context)
    if (ports.console !== undefined) operatorPages(app, { ...context, ...ports.console })
    const { members, tenants } = context
    if (members !== undefined) groupPages(app, { ...context, members })
    if (tenants !== undefined) tenantPages(app, { ...context, tenants })
  }
  if (ports.eventStreams !== undefined) app.get(SUBSCRIBE_PATH, ports.eventStreams)
  lexiconRoutes(app)
  for (const path of streamPaths) app.get(path, () => upgradeRequired(path))
  app.all('/xrpc/:nsid{network\\.bsky\\.jetstream\\..+}', (c, next) => {
    if (ports.methods.has(c.req.param('nsid')) || c.req.header('atproto-proxy')) return next()
    throw new XrpcError(501, 'MethodNotImplemented', 'Method Not Implemented')
  })
  app.all('/xrpc/*', xrpcHandler(ports))
  app.notFound((c) => {
    const page = errorPage(c, ports.pages?.branding, 404)
    return page ?? errorResponse(new XrpcError(404, 'NotFound', 'Not Found'))
  })
  app.onError((error, c) => {
    if (error instanceof XrpcError) return errorResponse(error)
    const level = isAborted(c.env?.incoming) ? 'debug' : 'error'
    ports.log[level]({ id: c.env?.requestId, err: error }, 'request failed')
    const page = errorPage(c, ports.pages?.branding, 500)
    return page ?? errorResponse(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  })
  return app
}

function preflight(c: Context<Env>): Response {
  const requestedHeaders = c.req.header('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders,
      'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
      'access-control-max-age': '86400',
      vary: 'Access-Control-Request-Headers',
      ...(requestedHeaders && { 'access-control-allow-headers': requestedHeaders }),
    },
  })
}

/** For a plain GET: WebSocket upgrades are handled by `attachUpgrades` and do not reach the application. */
function upgradeRequired(path: string): Response {
  const name = path.replace('/xrpc/', '')
  const response = errorResponse(new XrpcError(426, 'UpgradeRequired', `${name} is a WebSocket`))
  response.headers.set('upgrade', 'websocket')
  return response
}
