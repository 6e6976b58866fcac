/** Starts a gateway: the HTTP application and its streams of events on one port. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createApp } from '#src/gateway/app.ts'
import { openMemberAuthority } from '#src/gateway/group/member-authority.ts'
import { limitAddresses } from '#src/gateway/http/address-limits.ts'
import {
  clientAddress,
  isInRanges,
  networkOf,
  requestedHost,
} from '#src/gateway/http/client-address.ts'
import { closeStalledSockets } from '#src/gateway/http/stalled-sockets.ts'
import { isUpgradeTo } from '#src/gateway/http/upgrades.ts'
import { openMembersElsewhere } from '#src/gateway/members-elsewhere/open-members-elsewhere.ts'
import { methods, methodsWithoutAppView } from '#src/gateway/methods/table.ts'
import { openMigrations } from '#src/gateway/migrations/open-migrations.ts'
import { loadModules, openOAuth } from '#src/gateway/oauth/open-oauth.ts'
import { openMonitoring } from '#src/gateway/open-monitoring.ts'
import { openRelays } from '#src/gateway/open-relays.ts'
import { type GatewayPorts, openServerContext } from '#src/gateway/open-server-context.ts'
import { openStreams, streamPaths } from '#src/gateway/open-streams.ts'
import { openTraffic } from '#src/gateway/open-traffic.ts'
import { openPageStreams } from '#src/gateway/pages/live/page-streams.ts'
import { otherAddressPage } from '#src/gateway/pages/other-address.ts'
import { runJobs } from '#src/gateway/provisioning/run-jobs.ts'
import { startRealtime } from '#src/gateway/realtime/start-realtime.ts'
import { serve } from '#src/gateway/serve.ts'
import { startTasks } from '#src/gateway/start-tasks.ts'
import { openTenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { startTenantTasks } from '#src/gateway/tenants/tasks.ts'
import type { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import { startDueDeletions } from '#src/gateway/workflows/delete-due-accounts.ts'
import { resumeUnfinished } from '#src/gateway/workflows/resume-unfinished.ts'
import { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'
import { attemptLimiter } from '#src/gateway/xrpc/rate-limits.ts'
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
/** Loads what the first sign-in needs, while there is nothing else to do. */
export function preload(): void {
  // A module that cannot be loaded is reported when it is needed.
  loadModules().catch(() => {})
}

/** Port 0 means any free port. Rejects if the port is taken. */
export async function startGateway(ports: GatewayPorts): Promise<Gateway> {
  const { config, secrets, log, clock, dispatch } = ports
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    shouldUpgradeCallback: isUpgradeTo(streamPaths),
  })
  const wake = (did: string) => dispatch.account(did).lifecycle.ensureProvisioned()
  const wakeQueues = { wakeQueue: new WakeQueue(wake), bulkWakeQueue: WakeQueue.inBulk(wake) }
  const onRefused = (limit: string) => metrics.rateLimited(limit)
  const { bypassIps } = config.rateLimits
  const proxies = [...bypassIps, ...config.rateLimits.trustedProxies]
  const addressOf = clientAddress(proxies)
  const isExempt = isInRanges(bypassIps)
  const traffic = openTraffic({ ...ports, addressOf }, onRefused)
  const relays = openRelays(ports)
  const stalls = closeStalledSockets(server, config.connections.stallTimeoutMs)
  const addressLimits = limitAddresses(server, {
    bounds: config.connections,
    addressOf,
    trustedProxies: proxies,
    exempt: bypassIps,
    onRefused,
  })
  const upgrades = {
    ...{ addressOf, onRefused, exempt: bypassIps },
    maxSubscribers: config.connections.subscribersPerAddress,
    admit(request: IncomingMessage) {
      stalls.leave(request.socket)
      return addressLimits.admitSocket(request)
    },
    onError: (err: unknown) => log.error({ err }, 'an upgrade failed'),
  }
  const { stallTimeoutMs } = config.connections
  const streams = openStreams(server, {
    ...{ dispatch, log, ...upgrades },
    settings: {
      maxBuffer: config.sequencer.subscriptionBuffer,
      maxSubscribers: upgrades.maxSubscribers,
      stallTimeoutMs,
      jetstreamDictionary: config.jetstream.dictionary,
    },
    onEvents: () => traffic.crawlers.notify(),
    notedSeq: () => ports.storeWatch?.notedSeq ?? 0,
  })
  const { adminPassword } = secrets
  const context = openServerContext(ports, wakeQueues, {
    ...traffic,
    relays: relays.view,
    addressOf,
    requestedHost: requestedHost(proxies),
  })
  const findAccount = accountFinder(dispatch)
  const limitAttempts = attemptLimiter(traffic.rateLimits)
  const oauth = openOAuth({
    ...{ server: context, findAccount, clock, log, addressOf },
    limitAttempts,
    countedAddress: (address) => (isExempt(address) ? undefined : networkOf(address)),
    config: config.oauth,
    plcUrl: ports.plcUrl,
    jwtSecret: secrets.jwtSecret,
  })
  const branding = config.oauth.branding
  const jwtSecret = new TextEncoder().encode(secrets.jwtSecret)
  const membersElsewhere = openMembersElsewhere({
    ...{ server: context, branding, clock, limitAttempts, secret: jwtSecret },
    allowHttp: config.identity.privateNetworks,
  })
  const auth = {
    serviceDid: config.service.did,
    jwtSecret,
    adminPassword,
    moderationServiceDid: config.services.moderation?.did,
    resolver: context.resolver,
    clock,
    oauth,
    members: openMemberAuthority({
      ...{ dispatch, findAccount, clock, resolver: context.resolver, service: context.service },
    }),
    tenants: openTenantCredentials({ dispatch, clock }),
  }
  const authenticate = authenticator(auth)
  const realtime = startRealtime(server, {
    ...{ ...auth, dispatch, findAccount, log, networkOf, upgrades, stallTimeoutMs, authenticate },
    stream: streams.events,
    preferencesAudience:
      config.services.appView &&
      context.services.audienceOf('app.bsky.actor.getPreferences', undefined),
    rateLimits: traffic.rateLimits,
    nextNonce: () => oauth.nextNonce(),
    onEventStream: (request) => addressLimits.release(request),
  })
  const { firehose } = streams
  const { health, samples, metrics } = openMonitoring(ports, {
    ...{ firehose, jetstream: streams.jetstream.stats, realtime: realtime.stats },
    ...{ relays: relays.view, checkBlobs: () => context.blobs.check() },
  })
  const stopping = new AbortController()
  const { publicUrl } = config.gateway
  const tokens = { secret: jwtSecret, audience: config.service.did }
  const migrations = openMigrations({
    ...{ server: context, findAccount, clock, log, timer: systemTimer, keys: ports.keys },
    privateNetworks: config.identity.privateNetworks,
    own: { handle: (request) => app.fetch(request, {}), publicUrl, tokens, clock },
  })
  const app = createApp({
    methods: new Map([
      ...(config.services.appView === undefined ? methodsWithoutAppView : methods),
      ...realtime.methods.map((one) => [one.nsid, one] as const),
    ]),
    eventStreams: realtime.eventStreams,
    membersElsewhere,
    server: context,
    authenticate,
    findAccount,
    pages: {
      branding,
      secret: auth.jwtSecret,
      clock,
      groups: oauth,
      migrations,
      authorizationPage: () => oauth.authorizationPage(),
      members: auth.members,
      tenants: auth.tenants,
      live: openPageStreams({
        ...{ realtime: realtime.realtime, places: realtime.places, addressOf, log },
        timer: systemTimer,
        onEventStream: (request) => addressLimits.release(request),
      }),
    },
    console: {
      ...{ operatorDids: config.operatorDids, variables: config.variables },
      ...{ samples, firehose, stopping: stopping.signal },
    },
    nextNonce: () => oauth.nextNonce(),
    metrics,
    health,
    rateLimits: traffic.rateLimits,
    log,
    bodyTimeoutMs: config.bodyTimeoutMs,
    mustHaveRoom: () => ports.disk.mustHaveRoom(),
    adminPassword,
    metricsOpen: config.metrics.open,
  })
  serve(server, {
    ...{ app, oauth, addressLimits, log, metrics },
    otherAddress: otherAddressPage({ server: context, clock, log, branding }),
    rateLimits: traffic.rateLimits,
    bodyTimeoutMs: config.bodyTimeoutMs,
  })
  try {
    await listen(server, config.gateway)
  } catch (error) {
    traffic.close()
    await Promise.all([streams.close(), realtime.close()])
    throw error
  }
  // Several gateways have an engine of their own beside them.
  const isOnlyGateway = ports.engineHealth !== undefined
  const stopTasks = startTasks(
    [
      () => resumeUnfinished({ ...context.identity, keys: ports.keys, log }, { isOnlyGateway }),
      () => migrations.startResuming({ isOnlyGateway }),
      () => startDueDeletions({ ...context.identity, log, timer: systemTimer }),
      () =>
        startTenantTasks({
          ...{ dispatch, log, timer: systemTimer },
          deleteAccount: (did) => context.deleteAccount(did),
        }),
      () => runJobs({ server: context, timer: systemTimer, log }),
      () => relays.watch(),
      () => context.archives.startRounds(),
    ],
    ports,
  )
  const stopSamples = samples.start(systemTimer, (err) => log.warn({ err }, 'a sample failed'))
  const cancelWarmUp = oauth.warmUp(systemTimer)
  const { port } = server.address() as AddressInfo
  const { host } = config.gateway
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const stopAll = () => {
    stopTasks()
    stopSamples()
    stopping.abort()
    traffic.close()
    cancelWarmUp()
    stalls.stop()
    const close = () => Promise.all([streams.close(), realtime.close(), migrations.stop()])
    return stop(server, { close }, Object.values(wakeQueues), context.backgroundTasks)
  }
  return { url, stop: stopAll }
}

async function listen(server: Server, { port, host }: { port: number; host: string }) {
  server.listen(port, host)
  await once(server, 'listening')
}

async function stop(
  server: Server,
  streams: { close(): Promise<unknown> },
  wakeQueues: readonly WakeQueue[],
  backgroundTasks: BackgroundTasks,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const forceClose = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await Promise.all([closed, streams.close()])
  clearTimeout(forceClose)
  // The actors are stopped next, and an account that is provisioning itself needs the directory until then.
  await Promise.race([
    Promise.all([...wakeQueues.map((queue) => queue.close()), backgroundTasks.settled()]),
    pause(WAKES_GRACE_MS, undefined, { ref: false }),
  ])
}
