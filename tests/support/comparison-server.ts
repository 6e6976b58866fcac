/** A server that gets the scripted calls of the comparison with the reference PDS (bench/compare). */

import { startResolvableServer } from '#tests/support/resolvable-server.ts'
import type { Account } from '../../bench/compare/account.ts'
import { everyMethod, type Probe } from '../../bench/compare/every-method.ts'
import { RecordingClient } from '../../bench/compare/recording-client.ts'
import { startServices } from '../../bench/compare/services.ts'

export interface ComparisonServer extends AsyncDisposable {
  client: RecordingClient
  /** The result of a call, such as `200` or `400 InvalidToken`. */
  outcome(probe: Probe, as: string | undefined): Promise<string>
}

export async function startComparisonServer(): Promise<ComparisonServer> {
  const services = await startServices()
  const { server, plcUrl } = await startResolvableServer({ env: services.env })
  const client = new RecordingClient({ name: 'headwater', url: server.url, plcUrl }, services)
  return {
    client: client,
    async outcome(probe, as) {
      const { status, body } = await client.request(probe.method, { ...probe, as })
      return status < 300 ? String(status) : `${status} ${body.error}`
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.remove()
      await services[Symbol.asyncDispose]()
    },
  }
}

/**
 * The probes of these methods about `account`, in this order; names are separated by spaces and omit `com.atproto.`.
 */
export function probesOf(methods: string, account: Account, other: Account): Probe[] {
  const all = everyMethod(account, other)
  return methods
    .trim()
    .split(/\s+/)
    .map((name) => {
      const found = all.find(({ method }) => method.replace('com.atproto.', '') === name)
      if (found === undefined) throw new Error(`no such method: ${name}`)
      return found
    })
}
