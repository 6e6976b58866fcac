/** The address of a request's client, behind trusted proxies. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { BoundedMap } from '#src/ports/bounded-map.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

export type AddressedRequest = Pick<IncomingMessage, 'socket' | 'headers'>
export type FindClientAddress = (request: AddressedRequest) => string
export type FindRequestedHost = (request: AddressedRequest) => string

/** Ranges that are always trusted, as in the reference. */
const privateRanges = ['loopback', 'linkLocal', 'uniqueLocal', 'private']
const MAX_HOPS = 32
const MAX_CACHED = 10_000
const MAX_CACHED_HEADER_LENGTH = 200

/**
 * X-Forwarded-For is read from its end, as long as the address that added an entry is trusted. `trusted` are addresses or
 * ranges besides loopback, link-local and private ones.
 */
export function clientAddress(trusted: readonly string[]): FindClientAddress {
  const isProxy = proxyMatcher(trusted)
  const find = (remote: string, forwarded: string) => {
    let client = parseAddress(remote)
    if (client === undefined) return 'unknown'
    const hops = forwarded.split(',').slice(-MAX_HOPS)
    while (isProxy(client) && hops.length > 0) {
      const next = parseAddress(hops.pop()!.trim())
      if (next === undefined) break
      client = next
    }
    return client.toString()
  }
  const cache = new BoundedMap<string, string>(MAX_CACHED)
  return ({ socket, headers }) => {
    const remote = socket.remoteAddress ?? ''
    const forwarded = String(headers['x-forwarded-for'] ?? '')
    if (forwarded.length > MAX_CACHED_HEADER_LENGTH) return find(remote, forwarded)
    // A cache hit is ten times faster than parsing.
    const key = `${remote} ${forwarded}`
    const known = cache.get(key)
    if (known !== undefined) return known
    const address = find(remote, forwarded)
    cache.set(key, address)
    return address
  }
}

/** Whether an address may be a proxy's, so that it is not the client's own. */
function proxyMatcher(trusted: readonly string[]): (address: Address) => boolean {
  const isTrusted = addressMatcher(trusted)
  return (address) => privateRanges.includes(address.range()) || isTrusted(address)
}

/**
 * The host name that the client asked for, in lower case and without its port: of a trusted proxy the first value of
 * `X-Forwarded-Host`, as in the reference, else the Host header.
 */
export function requestedHost(trusted: readonly string[]): FindRequestedHost {
  const isProxy = proxyMatcher(trusted)
  return ({ socket, headers }) => {
    const forwarded = String(headers['x-forwarded-host'] ?? '')
      .split(',', 1)[0]!
      .trim()
    const remote = forwarded === '' ? undefined : parseAddress(socket.remoteAddress ?? '')
    const host = remote !== undefined && isProxy(remote) ? forwarded : (headers.host ?? '')
    return host.replace(/:\d+$/, '').toLowerCase()
  }
}

/** Whether a socket comes from an address that may be a proxy's, for many clients. */
export function isProxySocket(trusted: readonly string[]): (socket: Socket) => boolean {
  const isProxy = proxyMatcher(trusted)
  return ({ remoteAddress = '' }) => {
    const remote = parseAddress(remoteAddress)
    return remote !== undefined && isProxy(remote)
  }
}

function addressMatcher(ranges: readonly string[]): (address: Address) => boolean {
  const networks = ranges.map((range): [Address, number] => {
    const [address, bits] = range.includes('/') ? ipaddr.parseCIDR(range) : singleAddress(range)
    return [address, bits]
  })
  return (address) =>
    networks.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
}

/** Whether an address, as `clientAddress` returns it, is in `ranges`. */
export function isInRanges(ranges: readonly string[]): (address: string) => boolean {
  const matches = addressMatcher(ranges)
  return (text) => {
    const address = ranges.length === 0 ? undefined : parseAddress(text)
    return address !== undefined && matches(address)
  }
}

/** What counts as one client: an IPv4 address, or an IPv6 /64, the usual assignment to a customer. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const parts = ipaddr.IPv6.parse(address).parts.slice(0, 4)
  return `${parts.map((part) => part.toString(16)).join(':')}::/64`
}

/** Prefixes of the blocks that providers assign to one customer or region. */
export const BLOCK_BITS = { ipv4: 24, ipv6: 48 } as const

/** The block that an address, as `clientAddress` returns it, is in: `192.0.2.0/24` or `2001:db8:1::/48`. */
export function blockOf(address: string): string {
  const parsed = parseAddress(address)
  if (parsed === undefined) return address
  const bits = BLOCK_BITS[parsed.kind()]
  const range = `${parsed}/${bits}`
  const Family = parsed.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return `${Family.networkAddressFromCIDR(range)}/${bits}`
}

/** Whether `text` is a CIDR range. */
export function isRange(text: string): boolean {
  return ipaddr.isValidCIDR(text)
}

function parseAddress(text: string): Address | undefined {
  // Converts IPv4-mapped IPv6 addresses to IPv4.
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function singleAddress(text: string): [Address, number] {
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
