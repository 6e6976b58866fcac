/** A gateway on a port: the application, the firehose beside it, and a way to stop both. */
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
  /** Where it listens, for example `http://127.0.0.1:2583`. */
  url: string
  /** Takes no more calls, lets those that are running end for a while, and closes every connection. */
  stop(): Promise<void>
}

/** Clients keep their connections for as long as the reference lets them. */
const KEEP_ALIVE_MS = 90_000
const HEADERS_TIMEOUT_MS = 30_000
/** Bodies have their own bounds; this is for the longest of them, a big blob over a slow line. */
const REQUEST_TIMEOUT_MS = 65 * 60 * 1000
const STOP_GRACE_MS = 5_000
const WAKES_GRACE_MS = 2_000
/** What is loaded before somebody waits for it, and after those who wait now. */
const WARM_UP_MS = 3_000

/** Starts listening, on the configured port or, where that is 0, any that is free. Rejects where it is taken. */
export async function startGateway(ports: GatewayPorts): Promise<Gateway> {
  const { config, secrets, log, clock, dispatch } = ports
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  })
  const wakeQueue = new WakeQueue((did) => dispatch.account(did).lifecycle.wake())
  const { subscriptionBuffer: maxBuffer } = config.sequencer
  const traffic = openTraffic(ports, (limit) => metrics.rateLimited(limit))
  const firehose = attachSubscribeRepos(server, {
    dispatch,
    log,
    settings: { maxBuffer },
    onEvents: () => traffic.crawlers.notify(),
  })
  const { adminPassword } = secrets
  const surface = openServerContext(ports, wakeQueue, traffic.crawlers)
  const findAccount = accountFinder(dispatch)
  const { bypassIps, trustedProxies } = config.rateLimits
  const oauth = openOAuth({
    ...{ server: surface, findAccount, clock, log },
    addressOf: clientAddress([...bypassIps, ...trustedProxies]),
    limitAttempts: attemptLimiter(traffic.rateLimits),
    config: config.oauth,
    plcUrl: ports.plcUrl,
    jwtSecret: secrets.jwtSecret,
  })
  const authority = {
    serviceDid: config.service.did,
    jwtSecret: new TextEncoder().encode(secrets.jwtSecret),
    adminPassword,
    moderationServiceDid: config.services.moderation?.did,
    resolver: surface.resolver,
    clock,
    oauth,
  }
  const vitals = new Health({
    ...{ dispatch, clock, log, live: ports.live },
    engine: ports.engineHealth,
    dataDirectory: config.dataDirectory,
    checkBlobs: () => surface.blobs.check(),
  })
  const metrics = createMetrics({ firehose, health: vitals })
  const app = createApp({
    methods: config.services.appView === undefined ? methodsWithoutAppView : methods,
    server: surface,
    authenticate: authenticator(authority),
    findAccount,
    pages: {
      branding: config.oauth.branding,
      secret: authority.jwtSecret,
      clock,
      signInDevice: (request, did) => oauth.signInDevice(request, did),
    },
    nextNonce: () => oauth.nextNonce(),
    metrics,
    health: vitals,
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
  const stopResuming = resumeUnfinished({ ...surface.identity, keys: ports.keys, log })
  const stopDeletions = startDueDeletions({ ...surface.identity, log, timer: systemTimer })
  const warmUp = systemTimer(WARM_UP_MS, () => oauth.warmUp())
  const { port } = server.address() as AddressInfo
  const { host } = config.gateway
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const stopAll = () => {
    stopResuming()
    stopDeletions()
    traffic.close()
    warmUp()
    return stop(server, firehose, wakeQueue, surface.backgroundTasks)
  }
  return { url, stop: stopAll }
}

async function listen(server: Server, { port, host }: { port: number; host: string }) {
  server.listen(port, host)
  await once(server, 'listening')
}

function serve(server: Server, app: Hono<Env>, oauth: OAuth, watching: HttpLogPorts): void {
  // What is no request at all, for example one without a Host.
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
    const rest = () => void listener(incoming, outgoing)
    const id = requestId(incoming.headers['x-request-id'])
    outgoing.setHeader('x-request-id', id)
    const path = pathOf(incoming.url)
    if (isNonXrpc(path)) logHttpCall(watching, { id, verb: incoming.method!, path }, outgoing)
    if (!oauth.matches(path)) return rest()
    oauth.handle(incoming, outgoing, rest)
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
  errands: BackgroundTasks,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const impatient = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await Promise.all([closed, firehose.close()])
  clearTimeout(impatient)
  // The actors go next: one that is being born would ask the directory while that goes too.
  await Promise.race([
    Promise.all([wakeQueue.close(), errands.settled()]),
    pause(WAKES_GRACE_MS, undefined, { ref: false }),
  ])
}
