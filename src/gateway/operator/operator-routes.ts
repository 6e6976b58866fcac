/** The operator's routes, outside of lexicons: metrics, health, statistics, and admin actions on accounts. */
import type { Context, Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { readBody } from '#src/gateway/http/body.ts'
import { corsHeaders, retryHeader } from '#src/gateway/http/response.ts'
import type { Health, StorageHealth } from '#src/gateway/operator/health.ts'
import type { Metrics } from '#src/gateway/operator/metrics.ts'
import { suspendAccount } from '#src/gateway/operator/suspend-account.ts'
import { mustBeAdmin } from '#src/gateway/xrpc/failed-credentials.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { RateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface OperatorPorts {
  server: Pick<ServerContext, 'dispatch'> & { service: Pick<ServerContext['service'], 'version'> }
  health: Pick<
    Health,
    | 'build'
    | 'storeLoss'
    | 'uptimeSeconds'
    | 'isServing'
    | 'storage'
    | 'freeBytes'
    | 'storeSize'
    | 'lastBackup'
    | 'lastDrill'
    | 'archives'
    | 'logSize'
    | 'counts'
    | 'head'
    | 'awake'
    | 'engine'
  >
  metrics: Pick<Metrics, 'render'>
  findAccount: FindAccount
  adminPassword: string | undefined
  /** Undefined if failed credentials are not counted. */
  rateLimits?: RateLimits | undefined
  metricsOpen: boolean
}

const bodyOptions = { accepts: 'application/json', limit: 4_096, timeoutMs: 10_000 }

export function operatorRoutes(app: Hono<Env>, ports: OperatorPorts): void {
  const { server, health } = ports
  const { version } = server.service
  const requireAdmin = (c: Context<Env>) => mustBeAdmin(ports, c)

  app.get('/metrics', async (c) => {
    if (!ports.metricsOpen) await requireAdmin(c)
    const { text, type } = await ports.metrics.render()
    return new Response(text, { headers: { 'content-type': type } })
  })

  // The reference's health, and with `?storage` what Tempest adds to it.
  app.get('/xrpc/_health', async (c) => {
    const withStorage = c.req.query('storage') !== undefined
    const [storage, isServing] = await Promise.all([
      withStorage ? health.storage() : undefined,
      health.isServing(),
    ])
    const more = storage && { status: statusOf(storage), storage }
    if (isServing) return json({ version, ...more })
    return json({ version, error: 'Service Unavailable', ...more }, 503)
  })

  app.get('/xrpc/_stats', async () => {
    const [counts, storage] = await Promise.all([health.counts(), health.storage()])
    const { active, total } = sumAccounts(counts?.accounts)
    return json({
      status: statusOf(storage),
      version,
      generatedAt: new Date().toISOString(),
      uptimeSeconds: health.uptimeSeconds(),
      metrics: { hostedAccountCount: active, totalAccountCount: total },
      health: {
        status: statusOf(storage),
        checks: {
          storageWritable: storage.writable,
          accountDatabase: storage.accountDb,
          sequencerDatabase: storage.sequencerDb,
          blobStorage: storage.blobs,
          storeComplete: storage.complete,
        },
      },
    })
  })

  app.get('/xrpc/_admin/status', async (c) => {
    await requireAdmin(c)
    const [counts, storage, head, logSize, storeSize, freeBytes, lastBackup, lastDrill] =
      await Promise.all([
        health.counts(),
        health.storage(),
        health.head(),
        health.logSize(),
        health.storeSize(),
        health.freeBytes(),
        health.lastBackup(),
        health.lastDrill(),
      ])
    const { engine } = health
    const { accounts: accountsAwake, max, putToSleep, backlog } = health.awake()
    const { events = null, oldestAt = null, bytes = null } = logSize ?? {}
    return json({
      status: statusOf(storage),
      version,
      ...health.build,
      uptimeSeconds: health.uptimeSeconds(),
      storage,
      ...(health.storeLoss && { storeLoss: health.storeLoss }),
      accounts: counts?.accounts ?? null,
      accountsWithUndeliveredEvents: counts?.reminders ?? null,
      sequencer: {
        currentSeq: head ?? null,
        events,
        oldestEvent: oldestAt === null ? null : isoTime(oldestAt),
        bytes,
      },
      disk: { freeBytes: freeBytes ?? null },
      ...(storeSize && { store: storeSize }),
      ...(lastBackup && { lastBackup }),
      ...(lastDrill && { lastDrill }),
      process: {
        accountsAwake,
        maxAccountsAwake: max,
        accountsPutToSleep: putToSleep,
        outboxPendingEvents: backlog,
      },
      ...(engine && { engine: { healthy: engine.healthy(), restarts: engine.restarts() } }),
    })
  })

  async function accountInBody(c: Context<Env>): Promise<string> {
    await requireAdmin(c)
    const body = (await readBody(bodySource(c), bodyOptions)) as { account?: unknown } | null
    const account = body?.account
    if (typeof account !== 'string') throw invalidRequest('account must be a DID or a handle')
    const did = await ports.findAccount(account)
    if (did === undefined)
      throw invalidRequest(
        `Could not find account: ${account} (give the whole handle, or a DID)`,
        'NotFound',
      )
    return did
  }

  app.post('/xrpc/_admin/announce', async (c) => {
    const did = await accountInBody(c)
    return json({ did, ...(await server.dispatch.account(did).lifecycle.announce()) })
  })

  for (const [path, suspended] of [
    ['suspend', true],
    ['unsuspend', false],
  ] as const) {
    app.post(`/xrpc/_admin/${path}`, async (c) => {
      const did = await accountInBody(c)
      return json({ did, ...(await suspendAccount(server, did, suspended)) })
    })
  }

  // For an owner who lost all second factors and recovery codes, and whose identity the operator has verified.
  app.post('/xrpc/_admin/remove-factors', async (c) => {
    const did = await accountInBody(c)
    return json({ did, ...(await server.dispatch.account(did).factors.removeAll({})) })
  })
}

function statusOf(storage: StorageHealth): 'ok' | 'degraded' {
  return Object.values(storage).every(Boolean) ? 'ok' : 'degraded'
}

function sumAccounts(accounts: Record<string, number> | undefined) {
  if (accounts === undefined) return { active: null, total: null }
  const total = Object.values(accounts).reduce((sum, n) => sum + n, 0)
  return { active: accounts['active'] ?? 0, total }
}

function json(body: object, status = 200): Response {
  const type = { 'content-type': 'application/json; charset=utf-8' }
  const headers = { ...corsHeaders, ...type, ...retryHeader(status) }
  return new Response(JSON.stringify(body), { status, headers })
}
