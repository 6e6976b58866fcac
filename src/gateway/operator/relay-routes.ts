/** Routes for `headwater relays`: how relays stand with this server, and what they say of its accounts. */
import type { Context, Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { readBody } from '#src/gateway/http/body.ts'
import { type RelayReportPorts, relayReport } from '#src/gateway/operator/relay-report.ts'
import { type AdminPorts, mustBeAdmin } from '#src/gateway/xrpc/failed-credentials.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { bodySource, type Env } from '#src/gateway/xrpc/xrpc-call.ts'

export interface RelayRoutePorts extends RelayReportPorts {
  server: RelayReportPorts['server'] & Pick<ServerContext, 'dispatch'>
}

const bodyOptions = { accepts: 'application/json', limit: 4_096, timeoutMs: 10_000 }
const MAX_PAGE = 1_000
const MAX_LIMIT = 1_000_000_000

export function relayRoutes(app: Hono<Env>, ports: RelayRoutePorts, admin: AdminPorts): void {
  const { server } = ports
  const requireAdmin = (c: Context<Env>) => mustBeAdmin(admin, c)

  app.get('/xrpc/_admin/relays', async (c) => {
    await requireAdmin(c)
    return c.json(await relayReport(ports))
  })

  app.get('/xrpc/_admin/relay-accounts', async (c) => {
    await requireAdmin(c)
    const { relay: url, status, cursor, limit = '100' } = c.req.query()
    if (url === undefined || !server.relays.relays.includes(url)) {
      throw invalidRequest('relay must be one in PDS_CRAWLERS')
    }
    if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MAX_PAGE) {
      throw invalidRequest(`limit must be 1 to ${MAX_PAGE}`)
    }
    const filter = { ...(status && { status }), ...(cursor && { cursor }) }
    const { relays } = server.dispatch.directory
    return c.json(await relays.listAccounts({ url, ...filter, limit: Number(limit) }))
  })

  app.post('/xrpc/_admin/relay-limit', async (c) => {
    await requireAdmin(c)
    const body = (await readBody(bodySource(c), bodyOptions)) as Record<string, unknown> | null
    const { relay, limit } = body ?? {}
    if (typeof relay !== 'string') throw invalidRequest('relay must be a URL')
    const isCount = Number.isInteger(limit) && Number(limit) > 0 && Number(limit) <= MAX_LIMIT
    if (limit !== null && !isCount) {
      throw invalidRequest('limit must be a number of accounts, or null if it is not known')
    }
    await server.relays.setLimit(relay, limit as number | null)
    return c.json({ relay, limit })
  })
}
