/** Counts failed admin passwords and service tokens by address, and refuses an address that has too many. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { isApiKey } from '#src/gateway/tenants/api-key.ts'
import { verifyAdmin } from '#src/gateway/xrpc/admin-auth.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { actAsHeader } from '#src/gateway/xrpc/members.ts'
import { failedAdmin, failedService } from '#src/gateway/xrpc/rate-limit-policy.ts'
import type { CountedCall, RateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { claimedMethod } from '#src/protocol/service-token.ts'

export interface AdminPorts {
  adminPassword: string | undefined
  rateLimits?: RateLimits | undefined
}

/** The kinds that accept service tokens. */
const serviceKinds: ReadonlySet<keyof Callers> = new Set([
  'account or service',
  'service, admin or none',
  'moderator',
  'preferences reader',
  'principal',
  'full principal',
  'tenant',
  'admin or tenant',
])

/** Rejects as `verify`, and with 429 if the address has failed too often: then `verify` does not run. */
export async function countingFailures<T>(
  rateLimits: RateLimits | undefined,
  c: Context<Env>,
  kind: keyof Callers,
  verify: () => T | Promise<T>,
): Promise<T> {
  const request = c.env?.incoming
  // With `act-as` every kind accepts them.
  const counted = kind !== 'none' && actAsHeader(c.req) !== undefined ? 'principal' : kind
  const nsid = rateLimits && countedAs(counted, c.req.header('authorization'))
  if (nsid === undefined || request === undefined) return verify()

  const call = { nsid, request, caller: undefined, input: undefined }
  return rateLimits!.attempt(call, verify, isGuess)
}

/** As `countingFailures`, where there is no XRPC call: of a request from `address` with this header. */
export function failureCounter(
  rateLimits: RateLimits | undefined,
): <T>(header: string | undefined, address: string, verify: () => Promise<T>) => Promise<T> {
  return (header, address, verify) => {
    const nsid = countedAs('service, admin or none', header)
    if (nsid === undefined || rateLimits === undefined) return verify()
    const request = { headers: {}, socket: { remoteAddress: address } } as CountedCall['request']
    const call = { nsid, request, caller: undefined, input: undefined }
    return rateLimits.attempt(call, verify, isGuess)
  }
}

/** An expired token was valid. Everyone can have a token of a DID that is of no tenant, and each is resolved. */
function isGuess(error: unknown): boolean {
  if (!(error instanceof XrpcError)) return false
  return (error.status === 401 && error.error !== 'JwtExpired') || error.error === 'NotATenant'
}

/** Throws 401, and 429 as `countingFailures`. */
export async function mustBeAdmin(
  { adminPassword, rateLimits }: AdminPorts,
  c: Context<Env>,
): Promise<void> {
  const header = c.req.header('authorization')
  await countingFailures(rateLimits, c, 'admin', () => verifyAdmin({ adminPassword }, header))
}

function countedAs(kind: keyof Callers, header: string | undefined): string | undefined {
  if (header === undefined || kind === 'none') return undefined
  if (/^basic /i.test(header)) return failedAdmin
  const token = header.slice(7).trim()
  const isService =
    serviceKinds.has(kind) && (isApiKey(token) || claimedMethod(token) !== undefined)
  return isService ? failedService : undefined
}
