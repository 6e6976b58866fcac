/** Rate limits on calls: who is counted, who is not, and what the answer tells of it. Without them nothing is done. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { XrpcError } from '#src/errors.ts'
import {
  addressMatcher,
  type ClientAddress,
  networkOf,
  parseAddress,
} from '#src/gateway/http/client-address.ts'
import type { Leases, LimitStatus } from '#src/gateway/xrpc/leases.ts'
import { type RateLimitRule, rateLimitRules } from '#src/gateway/xrpc/rate-limit-policy.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

/** A call whose parameters, credentials and body are in order. */
export interface CountedCall {
  nsid: string
  request: Pick<IncomingMessage, 'socket' | 'headers'>
  caller: unknown
  input: unknown
}

/** Where the client stands after this call; undefined for one that is not counted. Nothing is awaited as a rule. */
export type RateLimits = (
  call: CountedCall,
) => LimitStatus | undefined | Promise<LimitStatus | undefined>

export interface RateLimitPorts {
  leases: Pick<Leases, 'take'>
  addressOf: ClientAddress
  bypassKey: string | undefined
  bypassIps: readonly string[]
  /** Tells of a refused call, by the limit's name. */
  onRefused(limit: string): void
}

export function rateLimits(ports: RateLimitPorts): RateLimits {
  const { leases, addressOf, bypassKey, onRefused } = ports
  const isExempt = addressMatcher(ports.bypassIps)
  return (call) => {
    const { headers } = call.request
    if (
      bypassKey !== undefined &&
      equalSecrets(String(headers['x-ratelimit-bypass'] ?? ''), bypassKey)
    )
      return
    const address = addressOf(call.request)
    if (ports.bypassIps.length > 0) {
      const parsed = parseAddress(address)
      if (parsed !== undefined && isExempt(parsed)) return
    }
    let tightest: LimitStatus | undefined
    const waiting: Promise<LimitStatus>[] = []
    for (const rule of rateLimitRules(call.nsid)) {
      const points = rule.cost?.(call.input) ?? 1
      if (points < 1) continue
      const standing = leases.take(rule.limit, keyOf(rule, call, address), points)
      if (standing instanceof Promise) waiting.push(standing)
      else tightest = tighter(tightest, standing)
    }
    if (waiting.length === 0) return told(tightest, onRefused)
    return Promise.all(waiting).then((more) => told(more.reduce(tighter, tightest), onRefused))
  }
}

/** Counts what is done in another way than by a method, as that method. Rejects with 429. */
export function attemptLimiter(
  limits: RateLimits | undefined,
): (nsid: string, attempt: { address: string; input: unknown }) => Promise<void> {
  return async (nsid, { address, input }) => {
    if (limits === undefined) return
    const request = { headers: {}, socket: { remoteAddress: address } } as CountedCall['request']
    const standing = await limits({ nsid, request, caller: undefined, input })
    if (standing?.isRefused) throw rateLimitExceeded()
  }
}

/** The headers of an answer, in the reference's words. */
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

/** 429, as the reference says it. */
export function rateLimitExceeded(): XrpcError {
  return new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded')
}

function told(
  standing: LimitStatus | undefined,
  onRefused: RateLimitPorts['onRefused'],
): LimitStatus | undefined {
  if (standing?.isRefused) onRefused(standing.limit.name)
  return standing
}

/** The limit that refuses, or else the one with the fewest points left; of two alike the first. */
function tighter(one: LimitStatus | undefined, other: LimitStatus): LimitStatus {
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
  return bounded(`${identifier.toLowerCase()}-${network}`)
}

const LONGEST_KEY = 200

/** Names that callers make up may be long; what is remembered of them is not. */
function bounded(key: string): string {
  if (key.length <= LONGEST_KEY) return key
  return createHash('sha256').update(key).digest('base64')
}
