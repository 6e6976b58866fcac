import { MemoryRateLimiter, RateLimitExceededError } from '@atproto/xrpc-server'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { type LeaseRequest, type Limit, lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

/** What one call came to. */
interface Outcome {
  isRefused: boolean
  remaining: number
}

/** The reference's own limiter. */
function theirs({ points, durationMs }: Limit) {
  let cost = 0
  const options = { keyPrefix: 'any', points, durationMs }
  const limiter = new MemoryRateLimiter({
    ...options,
    calcKey: () => 'key',
    calcPoints: () => cost,
  })
  return async (given: number): Promise<Outcome> => {
    cost = given
    try {
      const status = await limiter.consume({} as never)
      return { isRefused: false, remaining: status?.remainingPoints ?? points }
    } catch (error) {
      if (!(error instanceof RateLimitExceededError)) throw error
      return { isRefused: true, remaining: error.status.remainingPoints }
    }
  }
}

/** One gateway with its limiter. */
function ours(limit: Limit) {
  const clock = new TestClock()
  const limiter = openLimiter({ clock })
  const send = (requests: readonly LeaseRequest[]) => lease(limiter, { requests })
  const leases = new Leases({ send, clock, onFailure: expect.unreachable })
  return async (cost: number): Promise<Outcome> => {
    const { isRefused, remaining } = await leases.take(limit, 'key', cost)
    return { isRefused, remaining }
  }
}

it.each([30, 999, 1000, 3000])(
  'a limit of %i points lets through what the reference lets through, and says the same',
  async (points) => {
    const limit = { name: 'any', points, durationMs: 86_400_000 }
    const costs = fc.array(
      fc.oneof(
        { arbitrary: fc.integer({ min: 1, max: 3 }), weight: 8 },
        { arbitrary: fc.integer({ min: 1, max: points }), weight: 1 },
      ),
      { minLength: 1, maxLength: 60 },
    )
    await fc.assert(
      fc.asyncProperty(costs, async (given) => {
        const [their, our] = [theirs(limit), ours(limit)]
        for (const cost of given) expect(await our(cost)).toEqual(await their(cost))
      }),
      { numRuns: 60 },
    )
  },
)
