/** Resolves handles to DIDs: DNS, then HTTPS, then backup name servers (https://atproto.com/specs/handle). */
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AtprotoHandleResolver, XrpcHandleResolver } from '@atproto-labs/handle-resolver'
import { unavailable } from '#src/errors.ts'

export interface HandleResolver {
  /** The DID; undefined if the domain names none or several, or is unreachable. */
  resolve(handle: string): Promise<string | undefined>
}

/** The TXT records of a name, each joined into one string; null if there are none or the server does not respond. */
export type ResolveTxt = (name: string) => Promise<string[] | null>

export interface HandleResolverOptions {
  /** Should limit sizes and refuse private networks (`createSafeFetch`). */
  fetch: typeof globalThis.fetch
  /** Time limit for DNS, and again for HTTPS. */
  timeoutMs: number
  backupNameservers?: readonly string[]
  resolveTxt?: ResolveTxt
}

/** Lookups in progress: each holds a socket or two for as long as an unresponsive host likes. */
const MAX_LOOKUPS = 256

/** Throws 503 instead of looking up more than `max` handles at once. */
export function boundedHandles(inner: HandleResolver, max = MAX_LOOKUPS): HandleResolver {
  let lookups = 0
  return {
    async resolve(handle) {
      if (lookups >= max) throw unavailable('Too many handles are being resolved, please try again')
      lookups++
      try {
        return await inner.resolve(handle)
      } finally {
        lookups--
      }
    },
  }
}

/** Without a cache: a handle change must be seen at once. */
export function handleResolver(options: HandleResolverOptions): HandleResolver {
  const { fetch, timeoutMs, backupNameservers = [] } = options
  const resolverOptions = { timeout: timeoutMs, tries: 1 }
  const resolver = new AtprotoHandleResolver({
    fetch,
    resolveTxt: options.resolveTxt ?? txtFrom(new Resolver(resolverOptions)),
    ...(backupNameservers.length > 0 && {
      resolveTxtFallback: txtFromBackup(backupNameservers, resolverOptions),
    }),
  })
  return {
    async resolve(handle) {
      // Once for DNS and HTTPS, once for the backup name servers.
      const signal = AbortSignal.timeout(timeoutMs * 2)
      try {
        return (await resolver.resolve(handle, { signal, noCache: true })) ?? undefined
      } catch {
        return undefined
      }
    },
  }
}

/** As handles are resolved, without HTTPS: by the usual name servers, then by the backup ones. */
export function txtResolver({
  timeoutMs,
  backupNameservers = [],
}: Pick<HandleResolverOptions, 'timeoutMs' | 'backupNameservers'>): ResolveTxt {
  const options = { timeout: timeoutMs, tries: 1 }
  const usual = txtFrom(new Resolver(options))
  const backup = txtFromBackup(backupNameservers, options)
  return async (name) => (await usual(name)) ?? (await backup(name))
}

function txtFromBackup(
  nameservers: readonly string[],
  options: { timeout: number; tries: number },
): ResolveTxt {
  return async (name) => {
    const servers = await resolveServers(nameservers)
    if (servers.length === 0) return null
    const backup = new Resolver(options)
    backup.setServers(servers)
    return txtFrom(backup)(name)
  }
}

function txtFrom(resolver: Resolver): ResolveTxt {
  return (name) =>
    resolver.resolveTxt(name).then(
      (records) => records.map((chunks) => chunks.join('')),
      () => null,
    )
}

// `setServers` takes IP addresses only, so host names are looked up; those that do not resolve are left out.
async function resolveServers(servers: readonly string[]): Promise<string[]> {
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

/** For a service that the operator chose: no SSRF protection. */
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
