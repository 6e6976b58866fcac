/** The client's address and User-Agent, for the list of security events. */
import type { IncomingMessage } from 'node:http'
import type { ClientInfo } from '#src/account/security-events.ts'
import { type FindClientAddress, networkOf } from '#src/gateway/http/client-address.ts'

export type ClientInfoSource = Pick<IncomingMessage, 'socket' | 'headers'> | undefined

export function clientInfoOf(addressOf: FindClientAddress, request: ClientInfoSource): ClientInfo {
  if (request === undefined) return {}
  const ip = addressOf(request)
  return { ip, userAgent: request.headers['user-agent'], network: networkOf(ip) }
}
