import { expect, it, vi } from 'vitest'
import { stayAwake } from '#actors/stay-awake.ts'

it('an actor is idle only while no work is held and no call has begun', async () => {
  const kept: Promise<void>[] = []
  const { hold, begin, idleSince } = stayAwake((work) => kept.push(work))
  const woke = idleSince()
  expect(woke).toBeDefined()
  const { promise, resolve } = Promise.withResolvers<string>()
  const work = hold(promise)
  const endCall = begin()
  expect(idleSince()).toBeUndefined()
  resolve('done')
  expect(await work).toBe('done')
  expect(idleSince()).toBeUndefined()
  endCall()
  expect(idleSince()).toBeGreaterThanOrEqual(woke!)
  expect(kept).toHaveLength(1)
  await kept[0]
})

it('work that overlaps or follows soon is one call of keepAwake', async () => {
  vi.useFakeTimers()
  try {
    const kept: Promise<void>[] = []
    const { hold } = stayAwake((work) => kept.push(work))
    await Promise.all([hold(Promise.resolve(1)), hold(Promise.resolve(2))])
    await vi.advanceTimersByTimeAsync(200)
    await hold(Promise.resolve(3))
    expect(kept).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(400)
    await kept[0]
    await hold(Promise.resolve(4))
    expect(kept).toHaveLength(2)
  } finally {
    vi.useRealTimers()
  }
})
