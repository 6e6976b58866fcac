/** Whether a process may still answer for its actors. */
import { expect, it } from 'vitest'
import { EngineLease } from '#src/engine/engine-lease.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'

/** A process that looks once a second, and what the engine says to it. */
function open() {
  let now = 0
  let ping: number | undefined
  let isReachable = true
  const lapses: number[] = []
  const lease = new EngineLease({
    now: () => now,
    timer: () => () => {},
    onLapse: (forMs) => lapses.push(forMs),
    lastPing: async () => {
      if (!isReachable) throw new Error('unreachable')
      return ping
    },
  })
  const look = async () => {
    now += 1000
    await lease.renew().catch(() => {})
  }
  const looks = async (times: number, pinged: boolean) => {
    for (let n = 0; n < times; n++) {
      if (pinged) ping = now
      await look()
    }
  }
  return {
    ...{ lease, lapses, looks },
    freeze: (ms: number) => {
      now += ms
    },
    cut: () => {
      isReachable = false
    },
    mend: () => {
      isReachable = true
    },
  }
}

it('a process that the engine pings is current', async () => {
  const { lease, looks, lapses } = open()
  await looks(60, true)
  expect(lease.isCurrent()).toBe(true)
  expect([lease.lapses, lapses]).toEqual([0, []])
})

it('a process that takes long to join the engine is current afterwards, and its actors are looked up once', async () => {
  const { lease, looks } = open()
  await looks(30, false)
  expect(lease.isCurrent()).toBe(false)
  await looks(3, true)
  expect([lease.isCurrent(), lease.lapses]).toEqual([true, 1])
})

it.each([
  'that is frozen',
  'whose connection to the engine is cut',
  'that the engine does not ping',
])('a process %s is not current until a ping that was sent after it', async (what) => {
  const { lease, looks, lapses, freeze, cut, mend } = open()
  await looks(10, true)
  if (what === 'that is frozen') {
    freeze(6000)
    expect(lease.isCurrent()).toBe(false)
    // The ping was sent before, or at any time meanwhile.
    await looks(1, true)
  } else if (what === 'that the engine does not ping') {
    await looks(8, false)
  } else {
    cut()
    await looks(8, true)
    expect(lease.isCurrent()).toBe(false)
    mend()
    await looks(1, true)
  }
  expect(lease.isCurrent()).toBe(false)
  await looks(2, true)
  expect(lease.isCurrent()).toBe(true)
  expect([lease.lapses, lapses.length]).toEqual([1, 1])
})

it('after a lapse an actor is called directly again as soon as the engine has sent a call to it', async () => {
  const { lease, looks, freeze } = open()
  await looks(10, true)
  const live = new LiveActors(lease)
  const actor = {} as LiveActor
  live.add('account', 'did:plc:alice', actor)
  const isCurrent = () => live.findCurrent('account', 'did:plc:alice') === actor
  expect(isCurrent()).toBe(true)
  freeze(10_000)
  expect(isCurrent()).toBe(false)
  // It may have been sent before.
  live.confirm(actor)
  await looks(3, true)
  expect(isCurrent()).toBe(false)
  live.confirm(actor)
  expect(isCurrent()).toBe(true)
  expect(live.find('account', 'did:plc:alice')).toBe(actor)
})

it('calls are told once when the lease lapses, unless it is renewed or they have ended', async () => {
  let now = 0
  let ping = 0
  const timers = new Map<() => void, number>()
  const lease = new EngineLease({
    now: () => now,
    timer: (ms, run) => {
      timers.set(run, now + ms)
      return () => timers.delete(run)
    },
    lastPing: async () => ping,
  })
  const pass = (ms: number) => {
    now += ms
    for (const [run, at] of timers) if (at <= now && timers.delete(run)) run()
  }
  const told: string[] = []
  lease.whenLapsed(() => told.push('runs'))
  lease.whenLapsed(() => told.push('has ended'))()
  await lease.renew()
  pass(3000)
  ping++
  await lease.renew()
  pass(2000)
  ping++
  await lease.renew()
  pass(3999)
  expect(told).toEqual([])
  pass(1)
  expect([lease.isCurrent(), told]).toEqual([false, ['runs']])
  pass(60_000)
  expect(told).toEqual(['runs'])
})
