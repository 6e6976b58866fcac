/** DIDs: their form, the methods that atproto allows, and references to a service: `did#service` (DID specification). */
import { isValidDid } from '@atproto/syntax'

/** A DID of any method (https://atproto.com/specs/did). */
export function isDid(text: string): boolean {
  return isValidDid(text)
}

/** A did:plc, or a did:web without a path, and without a port except on localhost. */
export function isAtprotoDid(text: string): boolean {
  if (/^did:plc:[a-z2-7]{24}$/.test(text)) return true
  const host = /^did:web:([^:]+)$/.exec(text)?.[1]
  if (host === undefined || !isDid(text)) return false
  const isPortAllowed = host.startsWith('localhost%3A') || !host.includes('%3A')
  return isPortAllowed && URL.canParse(`https://${decoded(host)}`)
}

export function isDidReference(text: string): boolean {
  const [did = '', fragment = '', ...more] = text.split('#')
  const isFragment = /^([A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})+$/.test(fragment)
  return more.length === 0 && isFragment && isAtprotoDid(did)
}

function decoded(host: string): string {
  return host.replaceAll('%3A', ':')
}
