import { describe, expect, it } from 'vitest'
import { lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const limit = { name: 'calls', points: 100, durationMs: 60_000 }
const ask = (need: number, more: object = {}) => ({
  limit,
  key: 'one',
  owed: 0,
  need,
  spare: 0,
  ...more,
})

function open(mostKeys?: number) {
  const clock = new TestClock()
  const limiter = openLimiter({ clock, ...(mostKeys && { maxKeys: mostKeys }) })
  const one = async (given: ReturnType<typeof ask>) =>
    (await lease(limiter, { requests: [given] }))[0]!
  return { clock, limiter, one }
}

describe('the limiter', () => {
  it('the limiter grants the points of a limit once, and all of them again when the window ends', async () => {
    const { clock, one } = open()
    const resetAt = clock.now() + 60_000
    expect(await one(ask(60))).toEqual({ granted: 60, remaining: 40, resetAt })
    clock.time += 59_999
    expect(await one(ask(40))).toEqual({ granted: 40, remaining: 0, resetAt })
    expect(await one(ask(1))).toEqual({ granted: 0, remaining: 0, resetAt })
    clock.time += 1
    expect(await one(ask(1))).toEqual({ granted: 1, remaining: 99, resetAt: clock.now() + 60_000 })
  })

  it('the limiter takes the remaining points from a caller that asks for more, as the reference does', async () => {
    const { one } = open()
    await one(ask(98))
    expect(await one(ask(3))).toMatchObject({ granted: 2, remaining: 0 })
    expect(await one(ask(1))).toMatchObject({ granted: 0, remaining: 0 })
  })

  it('the limiter counts points that a gateway overspent, also beyond the limit', async () => {
    const { one } = open()
    expect(await one(ask(0, { owed: 90, spare: 50 }))).toMatchObject({ granted: 1, remaining: 9 })
    expect(await one(ask(1, { owed: 20 }))).toMatchObject({ granted: 0, remaining: 0 })
  })

  it('the limiter leases less as fewer points are left', async () => {
    const { one } = open()
    expect(await one(ask(0, { spare: 10 }))).toMatchObject({ granted: 10, remaining: 90 })
    await one(ask(74))
    expect(await one(ask(0, { spare: 10 }))).toMatchObject({ granted: 2, remaining: 14 })
  })

  it('the limiter takes unspent points back, but not those of an earlier window', async () => {
    const { clock, limiter, one } = open()
    const { resetAt } = await one(ask(100))
    const unspent = [{ name: 'calls', key: 'one', points: 30, resetAt }]
    await lease(limiter, { requests: [], unspent })
    expect(await one(ask(1))).toMatchObject({ remaining: 29 })
    clock.time += 60_000
    await one(ask(50))
    await lease(limiter, { requests: [], unspent })
    expect(await one(ask(0))).toMatchObject({ remaining: 50 })
  })

  it('the limiter counts each key and limit separately', async () => {
    const { one } = open()
    await one(ask(100))
    expect(await one(ask(1, { key: 'two' }))).toMatchObject({ granted: 1 })
    expect(await one(ask(1, { limit: { ...limit, name: 'other' } }))).toMatchObject({ granted: 1 })
  })

  it('the limiter keeps a bounded number of keys, the latest', async () => {
    const { limiter, one } = open(3)
    for (const key of ['a', 'b', 'c', 'd']) await one(ask(100, { key }))
    expect([...limiter.windows.get('calls')!.keys()]).toEqual(['b', 'c', 'd'])
    expect(await one(ask(1, { key: 'd' }))).toMatchObject({ granted: 0 })
  })

  it('the limiter drops windows that have ended', async () => {
    const { clock, limiter, one } = open()
    for (const key of ['a', 'b']) await one(ask(1, { key }))
    clock.time += 60_000
    await one(ask(1, { key: 'c' }))
    expect([...limiter.windows.get('calls')!.keys()]).toEqual(['c'])
  })
})
