/** Starts a gateway: the HTTP application and the firehose on one port. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { createApp } from '#src/gateway/app.ts'
import { attachSubscribeRepos } from '#src/gateway/firehose/subscribe-repos.ts'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { requestId } from '#src/gateway/http/request-id.ts'
import { errorResponse } from '#src/gateway/http/response.ts'
import { methods, methodsWithoutAppView } from '#src/gateway/methods/table.ts'
import { type OAuth, openOAuth } from '#src/gateway/oauth/open-oauth.ts'
import { type GatewayPorts, openServerContext } from '#src/gateway/open-server-context.ts'
import { openTraffic } from '#src/gateway/open-traffic.ts'
import { Health } from '#src/gateway/operator/health.ts'
import { type HttpLogPorts, isNonXrpc, logHttpCall } from '#src/gateway/operator/http-log.ts'
import { createMetrics } from '#src/gateway/operator/metrics.ts'
import type { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import { startDueDeletions } from '#src/gateway/workflows/delete-due-accounts.ts'
import { resumeUnfinished } from '#src/gateway/workflows/resume-unfinished.ts'
import { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'
import { attemptLimiter } from '#src/gateway/xrpc/rate-limits.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { systemTimer } from '#src/ports/timer.ts'

export interface Gateway {
  url: string
  /** Accepts no more requests, lets running ones finish for up to 5 s, then closes all connections. */
  stop(): Promise<void>
}

/** As in the reference PDS. */
const KEEP_ALIVE_MS = 90_000
const HEADERS_TIMEOUT_MS = 30_000
/** Above the longest body timeout: a large blob over a slow connection. */
const REQUEST_TIMEOUT_MS = 65 * 60 * 1000
const STOP_GRACE_MS = 5_000
const WAKES_GRACE_MS = 2_000
/** OAuth warm-up starts after the first requests and, if possible, before the first sign-in. */
const WARM_UP_MS = 3_000

/** Port 0 means any free port. Rejects if the port is taken. */
export async function startGateway(ports: GatewayPorts): Promise<Gateway> {
  const { config, secrets, log, clock, dispatch } = ports
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  })
  const wakeQueue = new WakeQueue((did) => dispatch.account(did).lifecycle.ensureProvisioned())
  const { subscriptionBuffer: maxBuffer } = config.sequencer
  const traffic = openTraffic(ports, (limit) => metrics.rateLimited(limit))
  const firehose = attachSubscribeRepos(server, {
    dispatch,
    log,
    settings: { maxBuffer },
    onEvents: () => traffic.crawlers.notify(),
  })
  const { adminPassword } = secrets
  const context = openServerContext(ports, wakeQueue, traffic.crawlers)
  const findAccount = accountFinder(dispatch)
  const { bypassIps, trustedProxies } = config.rateLimits
  const oauth = openOAuth({
    ...{ server: context, findAccount, clock, log },
    addressOf: clientAddress([...bypassIps, ...trustedProxies]),
    limitAttempts: attemptLimiter(traffic.rateLimits),
    config: config.oauth,
    plcUrl: ports.plcUrl,
    jwtSecret: secrets.jwtSecret,
  })
  const auth = {
    serviceDid: config.service.did,
    jwtSecret: new TextEncoder().encode(secrets.jwtSecret),
    adminPassword,
    moderationServiceDid: config.services.moderation?.did,
    resolver: context.resolver,
    clock,
    oauth,
  }
  const health = new Health({
    ...{ dispatch, clock, log, live: ports.live, build: ports.build },
    engine: ports.engineHealth,
    dataDirectory: config.dataDirectory,
    checkBlobs: () => context.blobs.check(),
  })
  const metrics = createMetrics({ firehose, health })
  const app = createApp({
    methods: config.services.appView === undefined ? methodsWithoutAppView : methods,
    server: context,
    authenticate: authenticator(auth),
    findAccount,
    pages: {
      branding: config.oauth.branding,
      secret: auth.jwtSecret,
      clock,
      signInDevice: (request, did) => oauth.signInDevice(request, did),
    },
    nextNonce: () => oauth.nextNonce(),
    metrics,
    health,
    rateLimits: traffic.rateLimits,
    log,
    bodyTimeoutMs: config.bodyTimeoutMs,
    adminPassword,
    metricsOpen: config.metrics.open,
  })
  serve(server, app, oauth, { log, metrics })
  try {
    await listen(server, config.gateway)
  } catch (error) {
    await firehose.close()
    throw error
  }
  const stopResuming = resumeUnfinished({ ...context.identity, keys: ports.keys, log })
  const stopDeletions = startDueDeletions({ ...context.identity, log, timer: systemTimer })
  const cancelWarmUp = systemTimer(WARM_UP_MS, () => oauth.warmUp())
  const { port } = server.address() as AddressInfo
  const { host } = config.gateway
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const stopAll = () => {
    stopResuming()
    stopDeletions()
    traffic.close()
    cancelWarmUp()
    return stop(server, firehose, wakeQueue, context.backgroundTasks)
  }
  return { url, stop: stopAll }
}

async function listen(server: Server, { port, host }: { port: number; host: string }) {
  server.listen(port, host)
  await once(server, 'listening')
}

function serve(server: Server, app: Hono<Env>, oauth: OAuth, httpLog: HttpLogPorts): void {
  // For requests that cannot be turned into a Request, for example without a Host header.
  const errorHandler = () => errorResponse(new XrpcError(400, 'InvalidRequest', 'Invalid request'))
  const listener = getRequestListener(
    (request, { incoming, outgoing }) => {
      const id = outgoing.getHeader('x-request-id')
      return app.fetch(request, { incoming, requestId: id } as Env['Bindings'])
    },
    {
      errorHandler,
    },
  )
  server.on('request', (incoming, outgoing) => {
    const next = () => void listener(incoming, outgoing)
    const id = requestId(incoming.headers['x-request-id'])
    outgoing.setHeader('x-request-id', id)
    const path = pathOf(incoming.url)
    if (isNonXrpc(path)) logHttpCall(httpLog, { id, verb: incoming.method!, path }, outgoing)
    if (!oauth.matches(path)) return next()
    oauth.handle(incoming, outgoing, next)
  })
}

function pathOf(url = '/'): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

async function stop(
  server: Server,
  firehose: { close(): Promise<void> },
  wakeQueue: WakeQueue,
  backgroundTasks: BackgroundTasks,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const forceClose = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await Promise.all([closed, firehose.close()])
  clearTimeout(forceClose)
  // The actors are stopped next, and an account that is provisioning itself needs the directory until then.
  await Promise.race([
    Promise.all([wakeQueue.close(), backgroundTasks.settled()]),
    pause(WAKES_GRACE_MS, undefined, { ref: false }),
  ])
}
