/** GET /xrpc/_admin/created-accounts: accounts by when and from where they were created, to find those of a flood. */
import type { Hono } from 'hono'
import { invalidRequest } from '#src/errors.ts'
import { BLOCK_BITS, isInRanges, isRange } from '#src/gateway/http/client-address.ts'
import { type AdminPorts, mustBeAdmin } from '#src/gateway/xrpc/failed-credentials.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const PAGE = 500
const MAX_NETWORKS = 100

export function createdAccountsRoute(
  app: Hono<Env>,
  server: Pick<ServerContext, 'dispatch'>,
  admin: AdminPorts,
): void {
  app.get('/xrpc/_admin/created-accounts', async (c) => {
    await mustBeAdmin(admin, c)
    const { after, before, cursor } = c.req.query()
    const networks = c.req.queries('network') ?? []
    if (networks.length > MAX_NETWORKS) throw invalidRequest(`at most ${MAX_NETWORKS} networks`)
    for (const network of networks) mustBeOfBlocks(network)
    const page = await server.dispatch.directory.accounts.listCreated({
      after: timeOf('after', after, 0),
      before: timeOf('before', before, Number.MAX_SAFE_INTEGER),
      ...(cursor !== undefined && { cursor }),
      limit: PAGE,
    })
    if (networks.length === 0) return c.json(page)
    const isWanted = isInRanges(networks)
    // A page may be empty and have a cursor.
    const accounts = page.accounts.filter(({ network }) => {
      return network !== null && isWanted(network.split('/', 1)[0]!)
    })
    return c.json({ ...page, accounts })
  })
}

function timeOf(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw invalidRequest(`${name} must be a time in ISO 8601`)
  return time
}

/** Addresses are kept by block only: a smaller range cannot be told apart. */
function mustBeOfBlocks(network: string): void {
  if (!isRange(network)) throw invalidRequest(`${network} is not a range such as 192.0.2.0/24`)
  const [, bits] = network.split('/')
  const most = network.includes(':') ? BLOCK_BITS.ipv6 : BLOCK_BITS.ipv4
  if (Number(bits) > most) {
    throw invalidRequest(`${network} is smaller than a /${most}, which is all that is kept`)
  }
}
