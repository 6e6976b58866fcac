/** Where a call came from, for the list of security events: the client's address, and what it says of itself. */
import type { IncomingMessage } from 'node:http'
import type { Where } from '#src/account/security-events.ts'
import type { ClientAddress } from '#src/gateway/http/client-address.ts'

/** A request as it came; absent in tests without a socket. */
export type WhereFrom = Pick<IncomingMessage, 'socket' | 'headers'> | undefined

export function whereOf(addressOf: ClientAddress, request: WhereFrom): Where {
  if (request === undefined) return {}
  return { ip: addressOf(request), userAgent: request.headers['user-agent'] }
}
