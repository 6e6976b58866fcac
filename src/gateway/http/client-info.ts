/** Where a call came from, for the list of security events: the client's address, and what it says of itself. */
import type { IncomingMessage } from 'node:http'
import type { ClientInfo } from '#src/account/security-events.ts'
import type { ClientAddress } from '#src/gateway/http/client-address.ts'

/** A request as it came; absent in tests without a socket. */
export type ClientInfoSource = Pick<IncomingMessage, 'socket' | 'headers'> | undefined

export function clientInfoOf(addressOf: ClientAddress, request: ClientInfoSource): ClientInfo {
  if (request === undefined) return {}
  return { ip: addressOf(request), userAgent: request.headers['user-agent'] }
}
