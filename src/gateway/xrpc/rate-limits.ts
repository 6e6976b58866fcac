/** Rate limits: which key a call counts against, which calls are exempt, and the RateLimit headers. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { XrpcError } from '#src/errors.ts'
import { type FindClientAddress, isInRanges, networkOf } from '#src/gateway/http/client-address.ts'
import type { Leases, LimitStatus } from '#src/gateway/xrpc/leases.ts'
import { type RateLimitRule, rateLimitRules } from '#src/gateway/xrpc/rate-limit-policy.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

export interface CountedCall {
  nsid: string
  request: Pick<IncomingMessage, 'socket' | 'headers'>
  caller: unknown
  input: unknown
  /** Only asks whether the call would be refused. */
  isPeek?: boolean
}

/** The status of the strictest limit; undefined for an exempt call. Synchronous if the leases suffice. */
export type RateLimits = (
  call: CountedCall,
) => LimitStatus | undefined | Promise<LimitStatus | undefined>

export interface RateLimitPorts {
  leases: Pick<Leases, 'take'>
  addressOf: FindClientAddress
  bypassKey: string | undefined
  bypassIps: readonly string[]
  onRefused(limit: string): void
}

export function rateLimits(ports: RateLimitPorts): RateLimits {
  const { leases, addressOf, bypassKey, onRefused } = ports
  const isExempt = isInRanges(ports.bypassIps)
  return (call) => {
    const given = call.request.headers['x-ratelimit-bypass']
    const hasKey = bypassKey !== undefined && given !== undefined
    if (hasKey && equalSecrets(String(given), bypassKey)) return
    const address = addressOf(call.request)
    if (isExempt(address)) return
    let strictest: LimitStatus | undefined
    const waiting: Promise<LimitStatus>[] = []
    for (const rule of rateLimitRules(call.nsid, call.caller)) {
      const points = call.isPeek ? 0 : (rule.cost?.(call.input) ?? 1)
      if (points < 1 && !call.isPeek) continue
      const status = leases.take(rule.limit, keyOf(rule, call, address), points)
      if (status instanceof Promise) waiting.push(status)
      else strictest = stricter(strictest, status)
    }
    if (waiting.length === 0) return reportRefusal(strictest, onRefused)
    return Promise.all(waiting).then((more) =>
      reportRefusal(more.reduce(stricter, strictest), onRefused),
    )
  }
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

export function rateLimitHeaders(
  { limit, isRefused, remaining, resetAt }: LimitStatus,
  now: number,
): Record<string, string> {
  const window = Math.floor(limit.durationMs / 1000)
  return {
    'ratelimit-limit': String(limit.points),
    'ratelimit-reset': String(Math.floor(resetAt / 1000)),
    'ratelimit-remaining': String(remaining),
    'ratelimit-policy': `${limit.points};w=${window}`,
    ...(isRefused && { 'retry-after': String(Math.max(1, Math.ceil((resetAt - now) / 1000))) }),
  }
}

export function rateLimitExceeded(status: LimitStatus, now = Date.now()): XrpcError {
  const headers = rateLimitHeaders(status, now)
  return new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded', headers)
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
