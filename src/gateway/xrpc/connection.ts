/** The connection of a call: whether its client is still there, and how it is ended. */
import type { Socket } from 'node:net'
import type { Context } from 'hono'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

/** Undefined in tests without a socket. */
export function socketOf(c: Context<Env>): Socket | undefined {
  return c.env?.incoming?.socket
}

export function hasLeft(c: Context<Env>): boolean {
  return socketOf(c)?.destroyed === true
}

/** The client does not see it. */
export function clientLeft(): XrpcError {
  return invalidRequest('The client has disconnected')
}

/** Ends the connection in the middle of a response; `log` is not called if the client has ended it already. */
export function breakOff(c: Context<Env>, log: () => void): void {
  if (hasLeft(c)) return
  log()
  socketOf(c)?.destroy()
}
