import { expect, it } from 'vitest'
import { AwakeLimit } from '#src/engine/awake-limit.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'

const log = { warn: () => {} } as unknown as Log

/** Accounts that are used and asked to sleep by name, and the time of the test. */
function open(options: { max: number; heapShare?: () => number }) {
  let time = 0
  let tick = () => {}
  const live = new LiveActors()
  const asked: string[] = []
  const used = new Map<string, number | undefined>()
  const actors = new Map<string, LiveActor>()
  const limit = new AwakeLimit({
    live,
    log,
    maxAwakeAccounts: options.max,
    heapShare: options.heapShare ?? (() => 0),
    now: () => time,
    timer: (_ms, run) => {
      tick = run
      return () => {
        tick = () => {}
      }
    },
  })
  const add = (name: string, wasCalled: boolean) => {
    used.set(name, time++)
    const sleepControl = {
      begin: () => () => {},
      idleSince: () => used.get(name),
      sleep: () => void asked.push(name),
    }
    const hold = (work: never) => work
    const actor = { actions: {}, subject: name, hold, sleepControl, wasCalled }
    actors.set(name, actor)
    live.add('account', name, actor)
  }
  const end = limit.start()
  return {
    live,
    asked,
    end,
    wake(...names: string[]) {
      for (const name of names) add(name, true)
    },
    wakeUncalled: (name: string) => add(name, false),
    call: (name: string) =>
      live.noteCall(actors.get(name)!, { group: 'repo', action: 'getRecord' }),
    wakeAgain: (name: string) =>
      live.noteCall(actors.get(name)!, { group: 'lifecycle', action: 'ensureProvisioned' }),
    use: (name: string) => used.set(name, time++),
    beginWork: (name: string) => used.set(name, undefined),
    hasSlept: (name: string) => live.remove('account', name, actors.get(name)!),
    addAlwaysAwake: () =>
      live.add('directory', 'main', { actions: {}, subject: '', hold: (work) => work }),
    async pass(ms: number) {
      await settled()
      time += ms
      tick()
      await settled()
    },
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

it('while no more accounts are awake than the bound, none is put to sleep', async () => {
  const { wake, asked, pass, addAlwaysAwake } = open({ max: 3 })
  wake('a', 'b', 'c')
  addAlwaysAwake()
  await pass(60_000)
  expect(asked).toEqual([])
})

it('the accounts least recently used are put to sleep when more than the bound are awake', async () => {
  const { wake, use, asked, pass } = open({ max: 2 })
  wake('a', 'b', 'c')
  use('a')
  await pass(1_000)
  expect(asked).toEqual(['b'])
  wake('d')
  expect(asked).toEqual(['b', 'c'])
})

it('an account with work in flight, or that was used a moment ago, is not put to sleep', async () => {
  const { wake, use, beginWork, asked, pass } = open({ max: 1 })
  wake('a', 'b', 'c')
  beginWork('a')
  await pass(1_000)
  expect(asked).toEqual(['b', 'c'])
  wake('d')
  await pass(200)
  expect(asked).toEqual(['b', 'c'])
  use('a')
  await pass(1_000)
  expect(asked).toEqual(['b', 'c', 'd'])
})

it('at most eight accounts fall asleep at once, and the next ones when those have slept', async () => {
  const { wake, hasSlept, asked, pass } = open({ max: 2 })
  const names = Array.from({ length: 12 }, (_, n) => `account-${n}`)
  wake(...names)
  await pass(1_000)
  expect(asked).toEqual(names.slice(0, 8))
  await pass(1_000)
  expect(asked).toHaveLength(8)
  for (const name of names.slice(0, 3)) hasSlept(name)
  await pass(1_000)
  expect(asked).toEqual(names.slice(0, 10))
})

it('an account that was asked to sleep and got work is asked again only after ten seconds', async () => {
  const { wake, use, asked, pass } = open({ max: 1 })
  wake('a', 'b')
  await pass(1_000)
  expect(asked).toEqual(['a'])
  use('b')
  await pass(9_000)
  expect(asked).toEqual(['a'])
  await pass(2_000)
  expect(asked).toEqual(['a', 'a'])
})

it('accounts are put to sleep while the heap is nearly full, but for the sixteen used most lately', async () => {
  let heapShare = 0.5
  const { wake, hasSlept, asked, pass } = open({ max: 100, heapShare: () => heapShare })
  const names = Array.from({ length: 20 }, (_, n) => `account-${n}`)
  wake(...names)
  await pass(1_000)
  expect(asked).toEqual([])
  heapShare = 0.8
  await pass(1_000)
  expect(asked).toEqual(names.slice(0, 4))
  for (const name of asked) hasSlept(name)
  await pass(1_000)
  expect(asked).toHaveLength(4)
  heapShare = 0.5
  wake('later-1', 'later-2')
  await pass(1_000)
  expect(asked).toHaveLength(4)
})

it('an account that was woken by the server, and not called since, sleeps after ten seconds without work', async () => {
  const { wakeUncalled, wakeAgain, call, beginWork, use, hasSlept, asked, pass, live } = open({
    max: 100,
  })
  for (const name of ['new', 'called', 'delivering', 'reminded']) wakeUncalled(name)
  call('called')
  beginWork('delivering')
  wakeAgain('reminded')
  await pass(9_000)
  expect(asked).toEqual([])
  await pass(2_000)
  expect(asked).toEqual(['new', 'reminded'])
  for (const name of asked) hasSlept(name)
  use('delivering')
  await pass(9_000)
  expect(asked).toHaveLength(2)
  await pass(2_000)
  expect(asked).toEqual(['new', 'reminded', 'delivering'])
  // These are not signs of too small a bound.
  expect(live.putToSleep).toBe(0)
})

it('no account is put to sleep after the end', async () => {
  const { wake, end, asked, pass } = open({ max: 1 })
  end()
  wake('a', 'b', 'c')
  await pass(1_000)
  expect(asked).toEqual([])
})
