/** Pairs of servers between which accounts move: two of ours, and the reference PDS and ours, if it is installed. */
import type { NetworkServer } from '#tests/support/migrating-account.ts'
import { startResolvableServer } from '#tests/support/resolvable-server.ts'
import { startServer } from '#tests/support/server.ts'
import { isReferenceInstalled } from '../../bench/reference.ts'

type Variables = Record<string, string>

export interface Places {
  old: NetworkServer
  here: NetworkServer
  /** Kills this server and starts it again, if the test can. */
  crash?(): Promise<void>
  stop(): Promise<void>
}

async function twoServers(env: Variables): Promise<Places> {
  const { server, plcUrl } = await startResolvableServer({ env })
  const next = await startServer({ env: { ...env, PDS_DID_PLC_URL: plcUrl } })
  return {
    old: { url: server.url, plcUrl },
    here: { url: next.url, plcUrl },
    crash: async () => {
      await next.kill9()
      await next.start()
    },
    stop: async () => {
      await server.remove()
      await next.remove()
    },
  }
}

async function withReference(env: Variables): Promise<Places> {
  const { startServers, stopServers } = await import('../../bench/servers.ts')
  const [old, here] = await startServers(() => env)
  // By these names they are in DID documents.
  const named = ({ url, plcUrl }: NetworkServer) => {
    return { url: url.replace('127.0.0.1', 'localhost'), plcUrl }
  }
  return { old: named(old!), here: named(here!), stop: stopServers }
}

export const serverPairs: [
  name: string,
  isThere: boolean,
  start: (env: Variables) => Promise<Places>,
][] = [
  ['two servers of ours', true, twoServers],
  ['the reference PDS and ours', isReferenceInstalled(), withReference],
]
