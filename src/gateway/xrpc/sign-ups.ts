/**
 * Bounds of new accounts, by address block and for the whole server, in an hour. They brake a flood of sign-ups, which
 * comes from many addresses, and after which relays throttle every new account of the server. Only sign-ups
 * without an invite code are counted, since a code is a bound of its own, and none by the admin.
 */
import { blockOf, isInRanges } from '#src/gateway/http/client-address.ts'
import type { Leases } from '#src/gateway/xrpc/leases.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Limit } from '#src/limits/limiter.ts'
import type { Clock } from '#src/ports/clock.ts'

/** In an hour; 0 for no bound. */
export interface SignUpBounds {
  perBlock: number
  perServer: number
}

export interface SignUps {
  /**
   * Runs `create`, and counts it unless it fails. Throws 429 RateLimitExceeded instead if there were too many in this
   * hour. Without an address, or with one in PDS_RATE_LIMIT_BYPASS_IPS, nothing is counted.
   */
  count<T>(address: string | undefined, create: () => Promise<T>): Promise<T>
}

export const uncountedSignUps: SignUps = { count: (_, create) => create() }

const HOUR_MS = 60 * 60_000

export function signUps(ports: {
  leases: Pick<Leases, 'take' | 'giveBack'>
  bounds: SignUpBounds
  bypassIps: readonly string[]
  clock: Clock
  onRefused(limit: string): void
}): SignUps {
  const { leases, bounds, clock, onRefused } = ports
  const isExempt = isInRanges(ports.bypassIps)
  const limits = (address: string): [Limit, key: string][] => {
    const all: [Limit, key: string][] = [
      [limit('sign-ups-of-block', bounds.perBlock), blockOf(address)],
      [limit('sign-ups', bounds.perServer), 'all'],
    ]
    return all.filter(([{ points }]) => points > 0)
  }
  return {
    async count(address, create) {
      if (address === undefined || isExempt(address)) return create()
      const taken: (() => void)[] = []
      try {
        for (const [limit, key] of limits(address)) {
          const status = await leases.take(limit, key, 1)
          if (status.isRefused) {
            onRefused(limit.name)
            throw rateLimitExceeded(status, clock.now())
          }
          const { resetAt } = status
          taken.push(() => leases.giveBack(limit, key, { points: 1, resetAt }))
        }
        return await create()
      } catch (error) {
        for (const giveBack of taken) giveBack()
        throw error
      }
    },
  }
}

function limit(name: string, points: number): Limit {
  return { name, points, durationMs: HOUR_MS }
}
