import { describe, expect, it } from 'vitest'
import type { Outcome } from '#src/engine/remote-call.ts'
import { type WakeFor, WakeLimit } from '#src/engine/wake-limit.ts'

const bounds = { max: 2, maxWaiting: 10, maxWaitingPerCaller: 5 }
const signIns = { max: 1, maxWaiting: 3, maxWaitingPerCaller: 3 }

/** Calls that last until `end` is called with the DID, in the order in which they began. */
function open(options: Partial<typeof bounds> = {}) {
  let time = 0
  const timeouts: (() => void)[] = []
  const limit = new WakeLimit(
    { read: { ...bounds, ...options }, 'sign in': signIns },
    () => time,
    (_, run) => {
      timeouts.push(run)
      return () => {}
    },
  )
  const begun: string[] = []
  const ends = new Map<string, (outcome: Outcome) => void>()
  const call = (did: string, network?: string, wakeFor: WakeFor = 'read', signal?: AbortSignal) => {
    const begin = () => {
      begun.push(did)
      return new Promise<Outcome>((resolve) => ends.set(did, resolve))
    }
    const caller = network === undefined ? undefined : { network, wakeFor }
    return limit.run(did, caller, begin, signal)
  }
  const end = async (did: string, outcome: Outcome = { answer: did }) => {
    ends.get(did)!(outcome)
    await settled()
  }
  const pass = (ms: number) => {
    time += ms
  }
  return { call, begun, end, pass, timeouts }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('wakes for other callers', () => {
  it('only so many accounts wake at once for other callers, and the next when one has answered', async () => {
    const { call, begun, end } = open()
    const answers = ['a', 'b', 'c', 'd'].map((did) => call(did, 'x'))
    await settled()
    expect(begun).toEqual(['a', 'b'])
    await end('b')
    expect(begun).toEqual(['a', 'b', 'c'])
    await end('a')
    await end('c')
    await end('d')
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'].map((answer) => ({ answer })))
  })

  it('an account that is called for itself wakes at once, and other callers wait for it', async () => {
    const { call, begun, end } = open()
    for (const did of ['a', 'b', 'c']) void call(did, 'x')
    await settled()
    void call('own')
    await settled()
    expect(begun).toEqual(['a', 'b', 'own'])
    await end('a')
    expect(begun).toHaveLength(3)
    await end('own')
    expect(begun).toEqual(['a', 'b', 'own', 'c'])
  })

  it('one account wakes for other callers even while many wake for themselves', async () => {
    const { call, begun } = open()
    for (const did of ['own 1', 'own 2', 'own 3']) void call(did)
    void call('a', 'x')
    void call('b', 'x')
    await settled()
    expect(begun).toEqual(['own 1', 'own 2', 'own 3', 'a'])
  })

  it('other callers take turns', async () => {
    const { call, begun, end } = open({ max: 1 })
    for (const did of ['a', 'b', 'c']) void call(did, 'x')
    void call('d', 'y')
    await settled()
    for (const did of ['a', 'b', 'd']) await end(did)
    expect(begun).toEqual(['a', 'b', 'd', 'c'])
  })

  it('a call is refused with 503 if too many wait already, in all or of one caller, and is not made', async () => {
    const { call, begun, end } = open({ max: 1, maxWaiting: 3, maxWaitingPerCaller: 2 })
    for (const did of ['a', 'b', 'c']) void call(did, 'x')
    await settled()
    await expect(call('d', 'x')).rejects.toMatchObject({ status: 503 })
    void call('e', 'y')
    await expect(call('f', 'y')).rejects.toMatchObject({ status: 503 })
    for (const did of ['a', 'b', 'e', 'c']) await end(did)
    expect(begun).toEqual(['a', 'b', 'e', 'c'])
  })

  it('callers with many waiting calls give way to one with less, and are refused with 503 for it', async () => {
    const { call, begun, end } = open({ max: 1, maxWaiting: 4, maxWaitingPerCaller: 2 })
    for (const did of ['a', 'b']) void call(did, 'x')
    const newest = call('c', 'x')
    newest.catch(() => {})
    for (const did of ['d', 'e']) void call(did, 'y')
    await settled()
    void call('f', 'z')
    await expect(newest).rejects.toMatchObject({ status: 503 })
    for (const did of ['a', 'b', 'd', 'f', 'e']) await end(did)
    expect(begun).toEqual(['a', 'b', 'd', 'f', 'e'])
  })

  it('a caller who signs in does not wait for those who read, and a reader not for those who sign in', async () => {
    const { call, begun, end } = open()
    for (const did of ['a', 'b', 'c']) void call(did, 'x')
    void call('d', 'y', 'sign in')
    await settled()
    expect(begun).toEqual(['a', 'b', 'd'])
    const others = open()
    for (const did of ['a', 'b', 'c']) void others.call(did, 'x', 'sign in')
    void others.call('d', 'y')
    await settled()
    expect(others.begun).toEqual(['a', 'd'])
    await end('d')
  })

  it('callers with invented credentials wake accounts one after another, take turns, and are refused with 503 if too many wait', async () => {
    const { call, begun, end } = open()
    for (const did of ['a', 'b', 'c']) void call(did, 'x', 'sign in')
    const newest = call('d', 'x', 'sign in')
    newest.catch(() => {})
    await settled()
    expect(begun).toEqual(['a'])
    void call('e', 'y', 'sign in')
    await expect(newest).rejects.toMatchObject({ status: 503 })
    for (const did of ['a', 'b', 'e']) await end(did)
    expect(begun).toEqual(['a', 'b', 'e', 'c'])
  })

  it('a call that has waited for too long is refused with 503, and is not made', async () => {
    const { call, begun, end, timeouts } = open({ max: 1 })
    void call('a', 'x')
    const waiting = call('b', 'x')
    for (const timeOut of timeouts) timeOut()
    await expect(waiting).rejects.toMatchObject({ status: 503 })
    await end('a')
    expect(begun).toEqual(['a'])
  })

  it('a call that need not wait any more leaves its place to others, and is not made', async () => {
    const { call, begun, end } = open({ max: 1, maxWaiting: 1, maxWaitingPerCaller: 1 })
    const noLonger = new AbortController()
    void call('a', 'x')
    const waiting = call('b', 'x', 'read', noLonger.signal)
    noLonger.abort()
    await expect(waiting).rejects.toMatchObject({ status: 503 })
    void call('c', 'x')
    await end('a')
    expect(begun).toEqual(['a', 'c'])
  })

  it('a call that fails makes room for the next', async () => {
    const { call, begun, end } = open({ max: 1 })
    const failing = call('a', 'x')
    void call('b', 'x')
    await settled()
    await end('a', { error: new Error('lost'), again: true })
    expect(await failing).toMatchObject({ again: true })
    expect(begun).toEqual(['a', 'b'])
  })

  it('an account that has answered is awake for ten seconds, and is called without waiting', async () => {
    const { call, begun, end, pass } = open({ max: 1 })
    void call('a', 'x')
    await settled()
    await end('a')
    void call('b', 'x')
    await settled()
    pass(9_999)
    void call('a', 'x')
    await settled()
    expect(begun).toEqual(['a', 'b', 'a'])
    pass(1)
    void call('a', 'x')
    await settled()
    expect(begun).toHaveLength(3)
  })
})
