/** The RateLimit headers of a response, and the error of a call that was refused. */
import { XrpcError } from '#src/errors.ts'
import type { LimitStatus } from '#src/gateway/xrpc/leases.ts'

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
