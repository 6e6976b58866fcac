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
  const one = async (given: ReturnType<typeof ask>) => (await lease(limiter, { asks: [given] }))[0]!
  return { clock, limiter, one }
}

describe('the limiter', () => {
  it('gives out the points of a limit once, and all of them again when the window ends', async () => {
    const { clock, one } = open()
    const resetAt = clock.now() + 60_000
    expect(await one(ask(60))).toEqual({ granted: 60, remaining: 40, resetAt })
    clock.time += 59_999
    expect(await one(ask(40))).toEqual({ granted: 40, remaining: 0, resetAt })
    expect(await one(ask(1))).toEqual({ granted: 0, remaining: 0, resetAt })
    clock.time += 1
    expect(await one(ask(1))).toEqual({ granted: 1, remaining: 99, resetAt: clock.now() + 60_000 })
  })

  it('takes what is left from whoever asks for more, as the reference does', async () => {
    const { one } = open()
    await one(ask(98))
    expect(await one(ask(3))).toMatchObject({ granted: 2, remaining: 0 })
    expect(await one(ask(1))).toMatchObject({ granted: 0, remaining: 0 })
  })

  it('counts what a gateway has spent on credit, also beyond the limit', async () => {
    const { one } = open()
    expect(await one(ask(0, { owed: 90, spare: 50 }))).toMatchObject({ granted: 1, remaining: 9 })
    expect(await one(ask(1, { owed: 20 }))).toMatchObject({ granted: 0, remaining: 0 })
  })

  it('lends less the less is left', async () => {
    const { one } = open()
    expect(await one(ask(0, { spare: 10 }))).toMatchObject({ granted: 10, remaining: 90 })
    await one(ask(74))
    expect(await one(ask(0, { spare: 10 }))).toMatchObject({ granted: 2, remaining: 14 })
  })

  it('takes back what is unspent, but not of a window that has ended', async () => {
    const { clock, limiter, one } = open()
    const { resetAt } = await one(ask(100))
    const unspent = [{ name: 'calls', key: 'one', points: 30, resetAt }]
    await lease(limiter, { asks: [], unspent })
    expect(await one(ask(1))).toMatchObject({ remaining: 29 })
    clock.time += 60_000
    await one(ask(50))
    await lease(limiter, { asks: [], unspent })
    expect(await one(ask(0))).toMatchObject({ remaining: 50 })
  })

  it('counts keys and limits apart', async () => {
    const { one } = open()
    await one(ask(100))
    expect(await one(ask(1, { key: 'two' }))).toMatchObject({ granted: 1 })
    expect(await one(ask(1, { limit: { ...limit, name: 'other' } }))).toMatchObject({ granted: 1 })
  })

  it('remembers a bounded number of keys, the latest', async () => {
    const { limiter, one } = open(3)
    for (const key of ['a', 'b', 'c', 'd']) await one(ask(100, { key }))
    expect([...limiter.windows.get('calls')!.keys()]).toEqual(['b', 'c', 'd'])
    expect(await one(ask(1, { key: 'd' }))).toMatchObject({ granted: 0 })
  })

  it('forgets windows that have ended', async () => {
    const { clock, limiter, one } = open()
    for (const key of ['a', 'b']) await one(ask(1, { key }))
    clock.time += 60_000
    await one(ask(1, { key: 'c' }))
    expect([...limiter.windows.get('calls')!.keys()]).toEqual(['c'])
  })
})
