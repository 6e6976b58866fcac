/** The report on the server's status at relays, with the data for the request to their operators. */
import type { Health } from '#src/gateway/operator/health.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { RelayReport } from '#src/protocol/relay-request.ts'

export interface RelayReportPorts {
  server: Pick<ServerContext, 'relays' | 'service'>
  health: Pick<Health, 'counts'>
  /** Whether calls are counted by address. */
  rateLimits?: unknown
}

export async function relayReport({
  server,
  health,
  rateLimits,
}: RelayReportPorts): Promise<RelayReport> {
  const { hostname, inviteRequired, contactEmail, signUps } = server.service
  const accounts = (await health.counts())?.accounts
  return {
    hostname,
    accounts: accounts ?? null,
    policy: {
      inviteRequired,
      rateLimits: rateLimits !== undefined,
      signUps,
      contactEmail: contactEmail ?? null,
    },
    relays: await server.relays.rows(accounts && (accounts['active'] ?? 0)),
  }
}
