/** What the security pages work with. */
import type { IncomingMessage } from 'node:http'
import type { FindAccount } from '#src/gateway/accounts.ts'
import type { RateLimits } from '#src/gateway/rate-limits.ts'
import type { Look } from '#src/gateway/security/style.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Surface } from '#src/xrpc/surface.ts'

export interface Desk {
  server: Pick<Surface, 'dispatch' | 'service' | 'mailer' | 'addressOf'>
  findAccount: FindAccount
  rateLimits?: RateLimits | undefined
  look: Look
  /** The secret of session tokens. */
  secret: Uint8Array
  clock: Clock
  log: Pick<Log, 'error'>
  /** Signs the account in on the browser for apps; gives the cookies that the browser must have for it. */
  signInDevice(request: IncomingMessage, did: string): Promise<string[]>
}
