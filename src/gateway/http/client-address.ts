/** Whose call it is: the address of the client, behind the proxies that are believed. */
import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { BoundedMap } from '#src/ports/bounded-map.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The address of a request's client, in its canonical form. */
export type ClientAddress = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string

/** Who stands at the other end of a load balancer, as in the reference. */
const nearby = ['loopback', 'linkLocal', 'uniqueLocal', 'private']
/** Proxies of proxies that are looked through. */
const MOST_HOPS = 32
/** Ways that are remembered, and how long a header may be for that. */
const MAX_KNOWN = 10_000
const LONGEST_KNOWN = 200

/**
 * X-Forwarded-For is read from its end: each address that a believed one has added, until one that is not believed.
 * `trusted` are addresses or ranges beside loopback, link-local and private ones.
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  const isTrusted = addressMatcher(trusted)
  const isNear = (address: Address) => nearby.includes(address.range()) || isTrusted(address)
  const find = (remote: string, forwarded: string) => {
    let client = parseAddress(remote)
    if (client === undefined) return 'unknown'
    const hops = forwarded.split(',').slice(-MOST_HOPS)
    while (isNear(client) && hops.length > 0) {
      const next = parseAddress(hops.pop()!.trim())
      if (next === undefined) break
      client = next
    }
    return client.toString()
  }
  const found = new BoundedMap<string, string>(MAX_KNOWN)
  return ({ socket, headers }) => {
    const remote = socket.remoteAddress ?? ''
    const forwarded = String(headers['x-forwarded-for'] ?? '')
    if (forwarded.length > LONGEST_KNOWN) return find(remote, forwarded)
    // Clients call again, and looking is ten times the work of remembering.
    const way = `${remote} ${forwarded}`
    const known = found.get(way)
    if (known !== undefined) return known
    const address = find(remote, forwarded)
    found.set(way, address)
    return address
  }
}

/** Whether an address is one of these, or in one of these ranges. */
export function addressMatcher(ranges: readonly string[]): (address: Address) => boolean {
  const known = ranges.map((range): [Address, number] => {
    const [address, bits] = range.includes('/') ? ipaddr.parseCIDR(range) : whole(range)
    return [address, bits]
  })
  return (address) =>
    known.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
}

/** The network that counts as one client: an IPv4 address, or the /64 that a customer has of IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const parts = ipaddr.IPv6.parse(address).parts.slice(0, 4)
  return `${parts.map((part) => part.toString(16)).join(':')}::/64`
}

export function parseAddress(text: string): Address | undefined {
  // Also IPv4 addresses written as IPv6 become what they are.
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function whole(text: string): [Address, number] {
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
