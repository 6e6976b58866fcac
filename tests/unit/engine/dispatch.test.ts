/** How a call reaches an account that sleeps, and when it is made again if the account moves. */
import { describe, expect, it, vi } from 'vitest'
import { createDispatch } from '#src/engine/dispatch.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import type { Call, Outcome } from '#src/engine/remote-call.ts'

const did = 'did:plc:alice'
const answerHere = { json: 'here' }

const awakeHere: LiveActor = {
  actions: { repo: { getRecord: async () => answerHere } } as never,
  subject: {},
  hold: (work) => work,
}

/** A process in which accounts wake if it is `local`, over an engine that answers as the test says. */
function open(
  engine: (call: Call, live: LiveActors) => Promise<Outcome> | Outcome,
  { local = true } = {},
) {
  const live = new LiveActors()
  const calls: string[] = []
  const dispatch = createDispatch({
    live,
    local,
    pause: async () => {},
    remote: async (call) => {
      calls.push(`${call.group}.${call.action}`)
      return engine(call, live)
    },
  })
  const read = (of = did) => dispatch.account(of).repo.getRecord({ collection: 'a.b.c', rkey: 'd' })
  return { live, calls, dispatch, read }
}

describe('a call of a sleeping account', () => {
  it('a call that names its caller waits for its turn, signing in apart from reading, and one without a caller does not wait', async () => {
    const { calls, dispatch } = open(() => new Promise(() => {}))
    // Those that wait are refused after 15 s, which is after the test.
    const wake = (n: number, ...caller: [] | [string, 'read' | 'sign in']) =>
      void dispatch
        .account(`did:plc:${n}`, ...caller)
        .lifecycle.ensureProvisioned()
        .catch(() => {})
    for (let n = 0; n < 10; n++) wake(n, '203.0.113.7', 'read')
    await new Promise(setImmediate)
    expect(calls).toHaveLength(3)
    for (let n = 10; n < 20; n++) wake(n, '203.0.113.7', 'sign in')
    await new Promise(setImmediate)
    expect(calls).toHaveLength(5)
    for (let n = 20; n < 30; n++) wake(n)
    await new Promise(setImmediate)
    expect(calls).toHaveLength(15)
  })

  it('a call is made directly as soon as the account is awake here, before the engine has answered', async () => {
    const { calls, read } = open((_, live) => {
      live.add('account', did, awakeHere)
      return new Promise(() => {})
    })
    expect(await read()).toBe(answerHere)
    expect(calls).toEqual(['lifecycle.ensureProvisioned'])
  })

  it('a call goes through the engine if the account is awake in another process, and from then on without waking it first', async () => {
    const { calls, read } = open(() => ({ answer: 'elsewhere' }))
    expect(await read()).toBe('elsewhere')
    expect(await read()).toBe('elsewhere')
    expect(calls).toEqual(['lifecycle.ensureProvisioned', 'repo.getRecord', 'repo.getRecord'])
  })

  it('a wake that fails is tried again, and its error is the caller’s if it is final', async () => {
    const outcomes: Outcome[] = [
      { error: new Error('moving'), again: true },
      { error: new Error('refused'), again: false },
    ]
    const { calls, read } = open(() => outcomes.shift()!)
    await expect(read()).rejects.toThrow('refused')
    expect(calls).toEqual(['lifecycle.ensureProvisioned', 'lifecycle.ensureProvisioned'])
  })

  it('a process without actors makes the call itself at once', async () => {
    const { calls, read } = open(() => ({ answer: 'elsewhere' }), { local: false })
    expect(await read()).toBe('elsewhere')
    expect(calls).toEqual(['repo.getRecord'])
  })

  it('the wake of another account does not answer the call', async () => {
    const wakes = new Map<string, PromiseWithResolvers<Outcome>>()
    const { live, read } = open(({ key }) => {
      wakes.set(key, Promise.withResolvers())
      return wakes.get(key)!.promise
    })
    let answered = false
    const reading = read().then((answer) => {
      answered = true
      return answer
    })
    live.add('account', 'did:plc:bob', awakeHere)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    live.add('account', did, awakeHere)
    expect(await reading).toBe(answerHere)
  })
})

describe('a call of an account that moves', () => {
  const moving: Outcome = { error: new Error('moving'), again: true }

  function openMoving(attempts: number, pause: (ms: number) => void) {
    let made = 0
    return createDispatch({
      live: new LiveActors(),
      local: false,
      pause: async (ms) => pause(ms),
      remote: async () => (++made < attempts ? moving : { answer: 'arrived' }),
    })
  }

  it('a call is made again after 25 ms at most, then after twice as long, up to 200 ms', async () => {
    const pauses: number[] = []
    const dispatch = openMoving(60, (ms) => pauses.push(ms))
    expect(await dispatch.account(did).lifecycle.ensureProvisioned()).toBe('arrived')
    const due = [25, 50, 100, ...Array.from({ length: 56 }, () => 200)]
    expect(pauses).toHaveLength(due.length)
    for (const [i, ms] of pauses.entries()) {
      expect(ms).toBeLessThanOrEqual(due[i]!)
      expect(ms).toBeGreaterThanOrEqual(due[i]! / 2)
    }
  })

  it('two callers of an account that moves do not come back in the same instants', async () => {
    const pauses: number[] = []
    const dispatch = openMoving(41, (ms) => pauses.push(ms))
    await dispatch.account(did).lifecycle.ensureProvisioned()
    expect(new Set(pauses).size).toBeGreaterThan(30)
  })

  it('no number of retries ends a call before the retry window does', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      let waitedMs = 0
      const dispatch = openMoving(Number.POSITIVE_INFINITY, (ms) => {
        waitedMs += ms
        vi.advanceTimersByTime(ms)
      })
      const call = dispatch.account(did).lifecycle.ensureProvisioned()
      await expect(call).rejects.toMatchObject({ status: 503 })
      expect(waitedMs).toBeGreaterThanOrEqual(14_500)
      expect(waitedMs).toBeLessThanOrEqual(15_500)
    } finally {
      vi.useRealTimers()
    }
  })
})
