/** Rate limits: which key a call counts against, which calls are exempt, and the RateLimit headers. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type FindClientAddress, isInRanges, networkOf } from '#src/gateway/http/client-address.ts'
import { Attempts } from '#src/gateway/xrpc/attempts.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import { leasedPoints } from '#src/gateway/xrpc/leased-points.ts'
import type { Leases, LimitStatus } from '#src/gateway/xrpc/leases.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import { type RateLimitRule, rateLimitRules } from '#src/gateway/xrpc/rate-limit-policy.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

export interface CountedCall {
  nsid: string
  request: Pick<IncomingMessage, 'socket' | 'headers'>
  caller: unknown
  input: unknown
}

/** The status of the strictest limit; undefined for an exempt call. Synchronous if the leases suffice. */
export type CountCall = (
  call: CountedCall,
) => LimitStatus | undefined | Promise<LimitStatus | undefined>

export type RateLimits = CountCall & {
  /**
   * Runs an attempt, which counts only if it fails with an error that `isFailure` says is one: against the one limit of
   * `call.nsid`. Throws 429 instead if too many have failed.
   */
  attempt<T>(
    call: CountedCall,
    attempt: () => T | Promise<T>,
    isFailure: (error: unknown) => boolean,
  ): Promise<T>
}

export interface RateLimitPorts {
  leases: Pick<Leases, 'take' | 'giveBack'>
  addressOf: FindClientAddress
  bypassKey: string | undefined
  bypassIps: readonly string[]
  onRefused(limit: string): void
}

export function rateLimits(ports: RateLimitPorts): RateLimits {
  const { leases, addressOf, bypassKey, onRefused } = ports
  const isExempt = isInRanges(ports.bypassIps)
  const attempts = new Attempts()

  /** Undefined for a call that is exempt. */
  function countedAddress({ request }: CountedCall): string | undefined {
    const given = request.headers['x-ratelimit-bypass']
    const hasKey = bypassKey !== undefined && given !== undefined
    if (hasKey && equalSecrets(String(given), bypassKey)) return undefined
    const address = addressOf(request)
    return isExempt(address) ? undefined : address
  }

  function count(call: CountedCall) {
    const address = countedAddress(call)
    if (address === undefined) return
    let strictest: LimitStatus | undefined
    const waiting: Promise<LimitStatus>[] = []
    for (const rule of rateLimitRules(call.nsid, call.caller)) {
      const points = rule.cost?.(call.input) ?? 1
      if (points < 1) continue
      const status = leases.take(rule.limit, keyOf(rule, call, address), points)
      if (status instanceof Promise) waiting.push(status)
      else strictest = stricter(strictest, status)
    }
    if (waiting.length === 0) return reportRefusal(strictest, onRefused)
    return Promise.all(waiting).then((more) =>
      reportRefusal(more.reduce(stricter, strictest), onRefused),
    )
  }

  return Object.assign(count, {
    async attempt<T>(
      call: CountedCall,
      attempt: () => T | Promise<T>,
      isFailure: (error: unknown) => boolean,
    ): Promise<T> {
      const address = countedAddress(call)
      const [rule] = rateLimitRules(call.nsid)
      if (address === undefined || rule === undefined) return attempt()
      const key = keyOf(rule, call, address)
      const points = leasedPoints(leases, rule.limit, key, { onRefused })
      return attempts.run(`${rule.limit.name} ${key}`, points, attempt, isFailure)
    },
  })
}

/** Counts an attempt outside of XRPC (on a page) against the limits of the equivalent method. Rejects with 429. */
export function attemptLimiter(
  limits: RateLimits | undefined,
): (nsid: string, attempt: { address: string; input: unknown }) => Promise<void> {
  return async (nsid, { address, input }) => {
    if (limits === undefined) return
    const request = { headers: {}, socket: { remoteAddress: address } } as CountedCall['request']
    const status = await limits({ nsid, request, caller: undefined, input })
    if (status?.isRefused) throw rateLimitExceeded(status)
  }
}

function reportRefusal(
  status: LimitStatus | undefined,
  onRefused: RateLimitPorts['onRefused'],
): LimitStatus | undefined {
  if (status?.isRefused) onRefused(status.limit.name)
  return status
}

function stricter(one: LimitStatus | undefined, other: LimitStatus): LimitStatus {
  if (one === undefined) return other
  if (one.isRefused !== other.isRefused) return one.isRefused ? one : other
  return other.remaining < one.remaining ? other : one
}

function keyOf(
  { countedBy }: RateLimitRule,
  { caller, input }: CountedCall,
  address: string,
): string {
  if (countedBy === 'did') return (caller as { did: string }).did
  if (countedBy === 'tenant') return (caller as TenantCaller).tenant.id
  const network = networkOf(address)
  if (countedBy === 'ip') return network
  const { identifier } = input as { identifier: string }
  return boundedKey(`${normalizeIdentifier(identifier)}-${network}`)
}

const MAX_KEY_LENGTH = 200

/** Hashes long keys: identifiers come from unauthenticated callers. */
function boundedKey(key: string): string {
  if (key.length <= MAX_KEY_LENGTH) return key
  return createHash('sha256').update(key).digest('base64')
}
