/** SSRF protection for all requests to URLs chosen by others: https and public networks only. */
import { BlockList, type LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import { loadOnce } from '#src/ports/load-once.ts'

const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_MAX_BYTES = 512 * 1024

export interface SafeFetchOptions {
  /** Allows private networks, plain http and any port. */
  privateNetworks: boolean
  /** For the whole request, redirects included; default 10 s. */
  timeoutMs?: number
  /** Of the decoded response body; default 512 KiB. */
  maxBytes?: number
}

/**
 * A `fetch` for URLs from untrusted sources. Checks every redirect, and the IP addresses of a host name when the
 * connection is opened, so that DNS rebinding does not get around the check. Rejects with a TypeError if an address is
 * refused, the response is too long or the host is unreachable.
 */
export function createSafeFetch(options: SafeFetchOptions): typeof globalThis.fetch {
  const { privateNetworks, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options
  // Loaded on first use: the library takes a third of a second to load.
  const load = loadOnce(async () => {
    const { safeFetchWrap } = await import('@atproto-labs/fetch-node')
    return safeFetchWrap({
      fetch: (input, init) => globalThis.fetch(input, init),
      ssrfProtection: !privateNetworks,
      responseMaxSize: maxBytes,
      timeout: timeoutMs,
      allowImplicitRedirect: true,
    })
  })
  return async (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    if (!privateNetworks && isIpv4Compatible(hostname)) throw new TypeError(ipv4Compatible)
    return (await load())(input, init)
  }
}

/** Why `createSafeFetch` requests nothing from the URL, as far as that is known without looking up its host. */
export async function urlRefusal(
  url: URL,
  { privateNetworks }: { privateNetworks: boolean },
): Promise<string | undefined> {
  if (privateNetworks) return /^https?:$/.test(url.protocol) ? undefined : 'it is not http or https'
  if (url.protocol !== 'https:') return 'it is not https'
  if (url.port !== '') return 'it has a port'
  if (isIpv4Compatible(url.hostname)) return ipv4Compatible
  const { checkUnicastPolicy } = await import('@atproto-labs/fetch-node')
  return checkUnicastPolicy(url)
}

export interface SafeDispatcherOptions {
  privateNetworks: boolean
  headersTimeoutMs: number
  bodyTimeoutMs: number
  /** Of the response body, before decoding. */
  maxBytes: number
  maxRetries: number
  http2: boolean
}

/** The same protection for streamed requests; it follows no redirects and decodes nothing. */
export async function createSafeDispatcher(options: SafeDispatcherOptions): Promise<Dispatcher> {
  const { privateNetworks, maxRetries } = options
  const { Agent, interceptors } = await import('undici')
  const agent = new Agent({
    allowH2: options.http2,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    maxResponseSize: options.maxBytes,
    ...(!privateNetworks && (await ssrfProtection())),
  })
  if (maxRetries === 0) return agent
  const retry = interceptors.retry({ statusCodes: [], methods: ['GET', 'HEAD'], maxRetries })
  return agent.compose(retry)
}

// `::a.b.c.d` (RFC 4291 section 2.5.5.1, deprecated), which the library takes for public addresses.
const ipv4CompatibleAddresses = new BlockList()
ipv4CompatibleAddresses.addSubnet('::', 96, 'ipv6')
const ipv4Compatible = 'Hostname is an IPv4-compatible address'

function isIpv4Compatible(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  return address.includes(':') && ipv4CompatibleAddresses.check(address, 'ipv6')
}

function refusingIpv4Compatible(lookup: LookupFunction): LookupFunction {
  return (hostname, options, done) =>
    lookup(hostname, options, (error, address, family) => {
      const found = Array.isArray(address) ? address.map((one) => one.address) : [address]
      if (error === null && found.some(isIpv4Compatible)) done(new Error(ipv4Compatible), '', 0)
      else done(error, address, family)
    })
}

/** For connections: refuses host names with addresses in private networks. IP addresses have no lookup, see `urlRefusal`. */
export async function safeLookup(): Promise<LookupFunction> {
  const { unicastLookup } = await import('@atproto-labs/fetch-node')
  return refusingIpv4Compatible(unicastLookup as LookupFunction)
}

// Host names are checked at the DNS lookup; IP addresses have no lookup, so they are checked before connecting.
async function ssrfProtection() {
  const { Pool } = await import('undici')
  const { checkUnicastPolicy } = await import('@atproto-labs/fetch-node')
  return {
    connect: { lookup: await safeLookup() },
    factory(address: string | URL, options: object): Dispatcher {
      const origin = new URL(address)
      if (origin.protocol !== 'https:') throw new Error(`Forbidden protocol "${origin.protocol}"`)
      const refusal = checkUnicastPolicy(origin)
      if (refusal !== undefined) throw new Error(refusal)
      if (isIpv4Compatible(origin.hostname)) throw new Error(ipv4Compatible)
      return new Pool(origin, options)
    },
  }
}
