import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Leases, type LimitStatus } from '#src/gateway/xrpc/leases.ts'
import { type LeaseRequest, lease, openLimiter, type UnspentLease } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const narrow = { name: 'narrow', points: 30, durationMs: 300_000 }
const wide = { name: 'wide', points: 3000, durationMs: 300_000 }

/** A limiter, and gateways that call it; with `isDown` the calls fail. */
function fixture(gateways = 1) {
  const clock = new TestClock()
  const limiter = openLimiter({ clock })
  const state = { isDown: false, requests: 0, failures: 0 }
  const send = async (requests: readonly LeaseRequest[], unspent: readonly UnspentLease[]) => {
    state.requests += 1
    await Promise.resolve()
    if (state.isDown) throw new Error('away')
    return lease(limiter, { requests, unspent })
  }
  const make = () => new Leases({ send, clock, onFailure: () => state.failures++ })
  return { clock, state, leases: Array.from({ length: gateways }, make) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

async function countAllowed(standings: (LimitStatus | Promise<LimitStatus>)[]): Promise<number> {
  return (await Promise.all(standings)).filter(({ isRefused }) => !isRefused).length
}

describe('a narrow limit', () => {
  it('a narrow limit is never exceeded, however many calls run on however many gateways', async () => {
    const { leases } = fixture(3)
    const calls = Array.from({ length: 200 }, (_, i) => leases[i % 3]!.take(narrow, 'key', 1))
    expect(await countAllowed(calls)).toBe(30)
  })

  it('a narrow limit reports the points left, and when it resets', async () => {
    const { clock, leases } = fixture()
    const resetAt = clock.now() + 300_000
    expect(await leases[0]!.take(narrow, 'key', 1)).toEqual({
      limit: narrow,
      isRefused: false,
      remaining: 29,
      resetAt,
    })
    for (let i = 0; i < 29; i++) await leases[0]!.take(narrow, 'key', 1)
    const refused = { limit: narrow, isRefused: true, remaining: 0, resetAt }
    expect(await leases[0]!.take(narrow, 'key', 1)).toEqual(refused)
  })

  it('a call beyond a narrow limit makes one request, and later calls none until its window ends', async () => {
    const { clock, leases, state } = fixture()
    expect(await leases[0]!.take(narrow, 'key', 31)).toMatchObject({ isRefused: true })
    expect(state.requests).toBe(1)
    expect(leases[0]!.take(narrow, 'key', 1)).toMatchObject({ isRefused: true })
    expect(state.requests).toBe(1)
    clock.time += 300_000
    expect(await leases[0]!.take(narrow, 'key', 1)).toMatchObject({ isRefused: false })
  })
})

describe('a wide limit', () => {
  it('a wide limit is spent without waiting and with few requests', async () => {
    const { leases, state } = fixture()
    for (let i = 0; i < 2000; i++) {
      const answer = leases[0]!.take(wide, 'key', 1)
      expect(answer).not.toBeInstanceOf(Promise)
      expect(answer).toMatchObject({ isRefused: false, remaining: 2999 - i })
      await settled()
    }
    expect(state.requests).toBeLessThan(100)
  })

  it('a wide limit can be spent wholly by one gateway, and not further', async () => {
    const { leases } = fixture()
    let allowed = 0
    for (let i = 0; i < 3200; i++) {
      if (!(await leases[0]!.take(wide, 'key', 1)).isRefused) allowed++
    }
    expect(allowed).toBe(3000)
  })

  it('a wide limit is exceeded by at most a part for each gateway that comes late', async () => {
    const { leases } = fixture(3)
    let allowed = 0
    for (const gateway of leases) {
      for (let i = 0; i < 3200; i++) {
        if (!(await gateway.take(wide, 'key', 1)).isRefused) allowed++
      }
    }
    expect(allowed).toBeGreaterThanOrEqual(2950)
    expect(allowed).toBeLessThanOrEqual(3000 + 2 * 60)
  })

  it('a wide limit lends a gateway what another one returned', async () => {
    const { clock, leases } = fixture(2)
    const [one, other] = leases as [Leases, Leases]
    void one.take(wide, 'key', 1)
    await settled()
    clock.time += 10_001
    await one.returnIdle()
    let allowed = 0
    while (!(await other.take(wide, 'key', 1)).isRefused) allowed++
    expect(allowed).toBe(2999)
  })

  it('a wide limit holds for any costs and order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(2), cost: fc.integer({ min: 1, max: 600 }) }), {
          minLength: 10,
          maxLength: 60,
        }),
        async (calls) => {
          const { leases } = fixture(3)
          const answers = await Promise.all(
            calls.map(({ at, cost }) => leases[at]!.take(wide, 'key', cost)),
          )
          const spent = calls.reduce(
            (sum, { cost }, i) => sum + (answers[i]!.isRefused ? 0 : cost),
            0,
          )
          expect(spent).toBeLessThanOrEqual(3000 + 3 * 60)
        },
      ),
    )
  })
})

describe('without the limiter', () => {
  it.each([narrow, wide])(
    'without the limiter each gateway counts by itself: $name',
    async (limit) => {
      const { leases, state } = fixture()
      state.isDown = true
      let allowed = 0
      for (let i = 0; i < limit.points + 10; i++) {
        if (!(await leases[0]!.take(limit, 'key', 1)).isRefused) allowed++
      }
      expect(allowed).toBe(limit.points)
      expect(state.failures).toBeGreaterThan(0)
    },
  )
})
