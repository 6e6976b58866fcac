/** From a handle to the DID that its domain names: DNS first, then HTTPS, then other name servers (handle specification). */
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AtprotoHandleResolver, XrpcHandleResolver } from '@atproto-labs/handle-resolver'

export interface HandleResolver {
  /** The DID; undefined where the domain names none, names several, or cannot be reached. */
  resolve(handle: string): Promise<string | undefined>
}

/** The texts of a name's TXT records, each in one piece; null where there are none or the server is silent. */
export type ResolveTxt = (name: string) => Promise<string[] | null>

export interface HandleResolverOptions {
  /** Bounded in size, and guarded against private networks where that is wanted. */
  fetch: typeof globalThis.fetch
  /** The longest that DNS, and then HTTPS, may take. */
  timeoutMs: number
  /** Asked where nothing else knew: `host` or `host:port` (PDS_HANDLE_BACKUP_NAMESERVERS). */
  backupNameservers?: readonly string[]
  /** In place of DNS. */
  resolveTxt?: ResolveTxt
}

/** Resolves handles as the network does. Nothing is kept: a domain's answer is true when it is asked. */
export function handleResolver(options: HandleResolverOptions): HandleResolver {
  const { fetch, timeoutMs, backupNameservers = [] } = options
  const patience = { timeout: timeoutMs, tries: 1 }
  const resolver = new AtprotoHandleResolver({
    fetch,
    resolveTxt: options.resolveTxt ?? txtFrom(new Resolver(patience)),
    ...(backupNameservers.length > 0 && {
      resolveTxtFallback: async (name: string) => {
        const servers = await addressesOf(backupNameservers)
        if (servers.length === 0) return null
        const backup = new Resolver(patience)
        backup.setServers(servers)
        return txtFrom(backup)(name)
      },
    }),
  })
  return {
    async resolve(handle) {
      // Once for the domain's own answers, and once for the other name servers.
      const signal = AbortSignal.timeout(timeoutMs * 2)
      try {
        return (await resolver.resolve(handle, { signal, noCache: true })) ?? undefined
      } catch {
        return undefined
      }
    },
  }
}

function txtFrom(resolver: Resolver): ResolveTxt {
  return (name) =>
    resolver.resolveTxt(name).then(
      (records) => records.map((chunks) => chunks.join('')),
      () => null,
    )
}

/** The servers that `setServers` takes: IP addresses, with their ports. Names that cannot be resolved are left out. */
async function addressesOf(servers: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    servers.map(async (server) => {
      if (isIP(server) !== 0 || server.startsWith('[')) return [server]
      const [host = '', port] = server.split(':')
      if (isIP(host) === 4) return [server]
      const addresses = await lookup(host, { all: true }).catch(() => [])
      return addresses.map(({ address, family }) => {
        const name = family === 6 ? `[${address}]` : address
        return port === undefined ? name : `${name}:${port}`
      })
    }),
  )
  return found.flat()
}

/** Has another service answer: its com.atproto.identity.resolveHandle. The operator chose it, so it is not guarded against. */
export function xrpcHandleResolver({
  url,
  timeoutMs,
  fetch = globalThis.fetch,
}: {
  url: string
  timeoutMs: number
  fetch?: typeof globalThis.fetch
}): HandleResolver {
  const resolver = new XrpcHandleResolver(url, { fetch })
  return {
    async resolve(handle) {
      const signal = AbortSignal.timeout(timeoutMs)
      return (await resolver.resolve(handle, { signal }).catch(() => null)) ?? undefined
    },
  }
}
