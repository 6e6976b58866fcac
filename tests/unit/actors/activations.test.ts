import { expect, it } from 'vitest'
import { Activations } from '#actors/activations.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

it('an activation writes until a later one of the same actor begins', async () => {
  const activations = new Activations()
  const earlier = activations.begin('a')
  const other = activations.begin('b')
  expect(await earlier.write(async () => 1)).toBe(1)
  const later = activations.begin('a')
  let ran = false
  const refused = earlier.write(async () => {
    ran = true
  })
  await expect(refused).rejects.toSatisfy(isActorStopped)
  expect(ran).toBe(false)
  expect([earlier.isNewest, other.isNewest, later.isNewest]).toEqual([false, true, true])
  expect(await later.write(async () => 2)).toBe(2)
  expect(await other.write(async () => 3)).toBe(3)
})

it('an activation may be outdated if an earlier one wrote and had not ended', async () => {
  const activations = new Activations()
  const first = activations.begin('a')
  expect(await first.mayBeOutdated).toBe(false)
  const second = activations.begin('a')
  expect(await second.mayBeOutdated).toBe(false)
  await second.write(async () => {})
  const third = activations.begin('a')
  expect(await third.mayBeOutdated).toBe(true)
  activations.delete('a', second)
  await third.write(async () => {})
  activations.delete('a', third)
  expect(await activations.begin('a').mayBeOutdated).toBe(false)
})

it.each([
  ['succeeds', (write: PromiseWithResolvers<void>) => write.resolve()],
  ['fails', (write: PromiseWithResolvers<void>) => write.reject(new Error('lost'))],
])('later activations wait until a write in flight %s', async (_, settle) => {
  const activations = new Activations()
  const inFlight = Promise.withResolvers<void>()
  const write = activations.begin('a').write(() => inFlight.promise)
  write.catch(() => {})
  const answers: boolean[] = []
  const begun = [activations.begin('a'), activations.begin('a')]
  const known = begun.map(({ mayBeOutdated }) => mayBeOutdated.then((is) => answers.push(is)))
  await new Promise(setImmediate)
  expect(answers).toEqual([])
  settle(inFlight)
  await Promise.all(known)
  expect(answers).toEqual([true, true])
})

it('a write that never ends holds up the next activation for a minute', async () => {
  const timers: { ms: number; ring: () => void }[] = []
  const activations = new Activations((ms, ring) => {
    timers.push({ ms, ring })
    return () => {}
  })
  activations
    .begin('a')
    .write(() => new Promise(() => {}))
    .catch(() => {})
  const { mayBeOutdated } = activations.begin('a')
  expect(timers.map(({ ms }) => ms)).toEqual([60_000])
  timers[0]!.ring()
  expect(await mayBeOutdated).toBe(true)
})

it('an actor serves no calls from an activation that may be outdated or is not the newest', async () => {
  const activations = new Activations()
  const live = new LiveActors()
  const opening = Promise.withResolvers<void>()
  let opened = 0
  const hooks = actorLifecycle(
    'account',
    { live, log: {} as Log, release: 1 },
    {},
    {
      schema: [['CREATE TABLE note (text TEXT)']],
      sleeps: false,
      open: () => {
        opened++
        return opening.promise
      },
    },
  )
  const sql = nodeSql()
  const newContext = () => {
    const activation = activations.begin('a')
    const batch: typeof sql.batch = (statements) => activation.write(() => sql.batch(statements))
    const db = { ...sql, batch, activation }
    return { key: ['did:plc:x'], db, vars: hooks.createVars() }
  }
  const earlier = hooks.onWake(newContext())
  await expect.poll(() => opened).toBe(1)
  const later = hooks.onWake(newContext())
  await expect(later).rejects.toThrow('must wake again')
  opening.resolve()
  await expect(earlier).rejects.toThrow('must wake again')
  expect(live.list('account')).toEqual([])
  await hooks.onWake(newContext())
  expect(opened).toBe(2)
  expect(live.list('account')).toHaveLength(1)
})

it('an activation ends when a later one begins: its subject and its database are closed, once', async () => {
  const activations = new Activations()
  const live = new LiveActors()
  const closed: [string, boolean][] = []
  const hooks = actorLifecycle(
    'account',
    { live, log: {} as Log, release: 1 },
    {},
    {
      schema: [['CREATE TABLE note (text TEXT)']],
      sleeps: false,
      open: (c) => c.key[1]!,
      close: (subject, isSuperseded) => void closed.push([subject, isSuperseded]),
    },
  )
  const sql = nodeSql()
  let closedDatabases = 0
  const wake = async (name: string) => {
    const activation = activations.begin('a')
    const close = () => void closedDatabases++
    const c = {
      key: ['did:plc:x', name],
      db: { ...sql, activation, close },
      vars: hooks.createVars(),
    }
    await hooks.onWake(c)
    return c
  }
  const earlier = await wake('earlier')
  const later = await wake('later')
  await expect.poll(() => closedDatabases).toBe(1)
  expect(closed).toEqual([['earlier', true]])
  expect(earlier.vars.subject).toBeUndefined()
  await hooks.onSleep(earlier)
  expect(live.find('account', 'did:plc:x')?.subject).toBe('later')
  await hooks.onSleep(later)
  expect(closed).toEqual([
    ['earlier', true],
    ['later', false],
  ])
  expect(live.list('account')).toEqual([])
})

it('a superseded activation that must wake again leaves none awake', async () => {
  const activations = new Activations()
  const live = new LiveActors()
  let open = 0
  const hooks = actorLifecycle(
    'account',
    { live, log: {} as Log, release: 1 },
    {},
    {
      schema: [['CREATE TABLE note (text TEXT)']],
      sleeps: false,
      open: () => ++open,
      close: () => void open--,
    },
  )
  const sql = nodeSql()
  const newContext = () => {
    const activation = activations.begin('a')
    const batch: typeof sql.batch = (statements) => activation.write(() => sql.batch(statements))
    const db = { ...sql, batch, activation, close: () => {} }
    return { key: ['did:plc:x'], db, vars: hooks.createVars() }
  }
  await hooks.onWake(newContext())
  await expect(hooks.onWake(newContext())).rejects.toThrow('must wake again')
  await expect.poll(() => [open, live.list('account').length]).toEqual([0, 0])
})

it('an activation that slept in order is not ended again by a later one', async () => {
  const activations = new Activations()
  const live = new LiveActors()
  const warnings: unknown[] = []
  let closed = 0
  const hooks = actorLifecycle(
    'account',
    {
      live,
      log: { warn: (...args: unknown[]) => warnings.push(args) } as unknown as Log,
      release: 1,
    },
    {},
    {
      schema: [['CREATE TABLE IF NOT EXISTS note (text TEXT)']],
      sleeps: false,
      open: () => ({}),
      close: () => void closed++,
    },
  )
  const sql = nodeSql()
  const newContext = () => {
    const activation = activations.begin('a')
    const db = { ...sql, activation, close: () => Promise.reject(new Error('closed already')) }
    return { key: ['did:plc:x'], db, vars: hooks.createVars() as unknown }
  }
  const first = newContext()
  await hooks.onWake(first)
  await hooks.onSleep(first)
  // RivetKit takes the parts of the context away.
  first.vars = undefined
  await hooks.onWake(newContext())
  await new Promise((resolve) => setImmediate(resolve))
  expect([closed, warnings, live.list('account').length]).toEqual([1, [], 1])
})
