/** The points of attempts, leased one by one. */
import type { Points } from '#src/gateway/xrpc/attempts.ts'
import type { Leases } from '#src/gateway/xrpc/leases.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Limit } from '#src/limits/limiter.ts'

/** For one attempt. `onRefused` is called with the limit's name if it is refused. */
export function leasedPoints(
  leases: Pick<Leases, 'take' | 'giveBack'>,
  limit: Limit,
  key: string,
  { onRefused, now = Date.now }: { onRefused(limit: string): void; now?: () => number },
): Points {
  let resetAt = 0
  return {
    async take() {
      const status = await leases.take(limit, key, 1)
      if (status.isRefused) return rateLimitExceeded(status, now())
      resetAt = status.resetAt
      return undefined
    },
    onRefused: () => onRefused(limit.name),
    giveBack: () => leases.giveBack(limit, key, { points: 1, resetAt }),
  }
}
