/** Routes that no lexicon knows: for watchdogs, for operators, and for people who wonder who is here. */
import type { Context, Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { readBody } from '#src/gateway/http/body.ts'
import { corsHeaders } from '#src/gateway/http/response.ts'
import type { Health, StorageHealth } from '#src/gateway/operator/health.ts'
import type { Metrics } from '#src/gateway/operator/metrics.ts'
import { verifyAdmin } from '#src/gateway/xrpc/authenticate.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'

export interface OperatorPorts {
  server: Pick<ServerContext, 'dispatch'> & { service: Pick<ServerContext['service'], 'version'> }
  health: Pick<
    Health,
    'uptimeSeconds' | 'isServing' | 'storage' | 'counts' | 'head' | 'awake' | 'engine'
  >
  metrics: Pick<Metrics, 'render'>
  findAccount: FindAccount
  /** Who may read /metrics: whoever has the admin password, or anybody. */
  adminPassword: string | undefined
  metricsOpen: boolean
}

const BODY_TERMS = { accepts: 'application/json', limit: 4_096, timeoutMs: 10_000 }

/** Adds the routes to `app`. */
export function operatorRoutes(app: Hono<Env>, ports: OperatorPorts): void {
  const { server, health } = ports
  const { version } = server.service
  const onlyAdmin = (c: Context<Env>) => verifyAdmin(ports, c.req.header('authorization'))

  app.get('/metrics', async (c) => {
    if (!ports.metricsOpen) onlyAdmin(c)
    const { text, type } = await ports.metrics.render()
    return new Response(text, { headers: { 'content-type': type } })
  })

  // The reference's health, and what Tempest adds to it for those who ask.
  app.get('/xrpc/_health', async (c) => {
    const isAsked = c.req.query('storage') !== undefined
    const storage = isAsked ? await health.storage() : undefined
    const isServing = storage?.accountDb ?? (await health.isServing())
    const more = storage && { status: statusOf(storage), storage }
    if (isServing) return json({ version, ...more })
    return json({ version, error: 'Service Unavailable', ...more }, 503)
  })

  app.get('/xrpc/_stats', async () => {
    const [counts, storage] = await Promise.all([health.counts(), health.storage()])
    const { active, total } = summed(counts?.accounts)
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
        },
      },
    })
  })

  app.get('/xrpc/_admin/status', async (c) => {
    onlyAdmin(c)
    const [counts, storage, head] = await Promise.all([
      health.counts(),
      health.storage(),
      health.head(),
    ])
    const { engine } = health
    return json({
      status: statusOf(storage),
      version,
      uptimeSeconds: health.uptimeSeconds(),
      storage,
      accounts: counts?.accounts ?? null,
      accountsOwingEvents: counts?.reminders ?? null,
      sequencer: { currentSeq: head ?? null },
      process: { accountsAwake: health.awake().accounts, outboxBacklog: health.awake().backlog },
      ...(engine && { engine: { healthy: engine.healthy(), restarts: engine.restarts() } }),
    })
  })

  /** The account that a body names. */
  async function named(c: Context<Env>): Promise<string> {
    onlyAdmin(c)
    const body = (await readBody(bodySource(c), BODY_TERMS)) as { account?: unknown } | null
    const account = body?.account
    if (typeof account !== 'string') throw invalidRequest('account must be a DID or a handle')
    const did = await ports.findAccount(account)
    if (did === undefined) throw invalidRequest(`Could not find account: ${account}`, 'NotFound')
    return did
  }

  app.post('/xrpc/_admin/announce', async (c) => {
    const did = await named(c)
    return json({ did, ...(await server.dispatch.account(did).lifecycle.announce()) })
  })

  // A takedown that is meant to end: sessions last over it. No lexicon has a word for it.
  for (const [path, suspended] of [
    ['suspend', true],
    ['unsuspend', false],
  ] as const) {
    app.post(`/xrpc/_admin/${path}`, async (c) => {
      const did = await named(c)
      return json({
        did,
        ...(await server.dispatch.account(did).lifecycle.changeState({ suspended })),
      })
    })
  }

  // For an owner who has lost passkeys, app and recovery codes, and whom the operator knows.
  app.post('/xrpc/_admin/remove-factors', async (c) => {
    const did = await named(c)
    return json({ did, ...(await server.dispatch.account(did).factors.removeAll()) })
  })
}

function statusOf(storage: StorageHealth): 'ok' | 'degraded' {
  return Object.values(storage).every(Boolean) ? 'ok' : 'degraded'
}

function summed(accounts: Record<string, number> | undefined) {
  if (accounts === undefined) return { active: null, total: null }
  const total = Object.values(accounts).reduce((sum, n) => sum + n, 0)
  return { active: accounts['active'] ?? 0, total }
}

function json(body: object, status = 200): Response {
  const headers = { ...corsHeaders, 'content-type': 'application/json; charset=utf-8' }
  return new Response(JSON.stringify(body), { status, headers })
}
