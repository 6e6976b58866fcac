/** Which accounts with undelivered events a process wakes. */
import { expect, it } from 'vitest'
import { startReminders } from '#actors/remind.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import { createLog } from '#src/log.ts'
import { nextTurn } from '#src/ports/pause.ts'

const did = 'did:plc:alice'

/** An activation here whose database answers, and a reminder for the same account: who is reminded in the first round? */
async function firstRound(lease: { lapses: number }, happen = () => {}): Promise<string[]> {
  const live = new LiveActors({
    isCurrent: () => true,
    whenLapsed: () => () => {},
    get lapses() {
      return lease.lapses
    },
  })
  const subject = { sql: { first: async () => ({}) } }
  live.add('account', did, { actions: {}, subject, hold: (work) => work })
  happen()
  const reminded: string[] = []
  const dispatch = {
    directory: {
      reminders: { list: async ({ isNew }: { isNew?: boolean }) => (isNew ? [] : [did]) },
    },
    account: (named: string) => ({ outbox: { remind: async () => void reminded.push(named) } }),
  }
  const { promise: hasEnded, resolve: end } = Promise.withResolvers<void>()
  // One timer is for telling the directory that the process runs, and set at once; the others at the end of a round of
  // new accounts and of the others.
  let timers = 0
  const timer = () => {
    if (++timers === 3) end()
    return () => {}
  }
  const settings = { live, dispatch, timer, processId: 'one', log: createLog('silent') }
  const stop = startReminders(settings as unknown as ActorSettings)
  await hasEnded
  stop()
  return reminded
}

it('an account that is awake here is not reminded of its undelivered events', async () => {
  expect(await firstRound({ lapses: 0 })).toEqual([])
})

it('an account that the engine may have moved is reminded, though its former activation here answers', async () => {
  const lease = { lapses: 0 }
  expect(await firstRound(lease, () => lease.lapses++)).toEqual([did])
})

it('many new accounts are woken one at a time, and no more as soon as the directory lists none', async () => {
  const all = Array.from({ length: 300 }, (_, n) => `did:plc:${String(n).padStart(3, '0')}`)
  const reminded: string[] = []
  let waking = 0
  let most = 0
  const remind = async (named: string) => {
    most = Math.max(most, ++waking)
    await nextTurn()
    waking--
    reminded.push(named)
  }
  const list = async ({
    after,
    limit,
    isNew,
  }: {
    after: string
    limit: number
    isNew?: boolean
  }) =>
    isNew !== true || reminded.length >= 30 ? [] : all.filter((one) => one > after).slice(0, limit)
  const dispatch = {
    directory: { reminders: { list } },
    account: (named: string) => ({ outbox: { remind: () => remind(named) } }),
  }
  const { promise: hasEnded, resolve: end } = Promise.withResolvers<void>()
  let timers = 0
  const timer = () => {
    if (++timers === 3) end()
    return () => {}
  }
  const settings = {
    live: new LiveActors(),
    dispatch,
    timer,
    processId: 'one',
    log: createLog('silent'),
  }
  const stop = startReminders(settings as unknown as ActorSettings)
  await hasEnded
  stop()
  expect(reminded.toSorted()).toEqual(all.slice(0, 30))
  expect(most).toBe(1)
})
