import { expect, it } from 'vitest'
import { parseCollections } from '#src/gateway/events/filter.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { testEvents } from '#tests/support/events.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
const rules = { maxCollections: 100, maxDids: 100, checkPrefixes: false }

it('a subscriber without a cursor is given what happens from then on', async () => {
  const { commit, subscribe, settle } = await testEvents()
  await commit(alice, { path: 'a.b.c/1' })
  await settle()
  const { sink } = subscribe()
  await commit(alice, { path: 'a.b.c/2' }, { action: 'delete', path: 'a.b.c/1' })
  await settle()
  expect(sink.names).toEqual(['alice a.b.c/2', 'alice a.b.c/1'])
  expect(sink.caughtUpAt).toBeLessThan(sink.seqs[0]!)
})

it('the operations of a commit have seqs of their own, and a cursor between them gives the rest', async () => {
  const { commit, subscribe, settle } = await testEvents()
  await commit(alice, ...Array.from({ length: 200 }, (_, i) => ({ path: `a.b.c/${i}` })))
  const { sink } = subscribe({}, { after: 0 })
  await settle()
  const { seqs } = sink
  expect(seqs).toHaveLength(200)
  expect(seqs).toEqual(Array.from({ length: 200 }, (_, i) => seqs[0]! + i))
  const { sink: rest } = subscribe({}, { after: seqs[49]! })
  await settle()
  expect(rest.seqs).toEqual(seqs.slice(50))
})

it('replay and live events follow each other without a gap or a repetition', async () => {
  const { commit, subscribe, settle } = await testEvents({ limits: { events: 3, bytes: 1e9 } })
  for (let i = 0; i < 5; i++) await commit(alice, { path: `a.b.c/${i}` })
  await settle()
  const { sink } = subscribe({}, { after: 0 })
  for (let i = 5; i < 10; i++) await commit(alice, { path: `a.b.c/${i}` })
  await settle()
  expect(sink.names).toEqual(Array.from({ length: 10 }, (_, i) => `alice a.b.c/${i}`))
})

it('filters by account and collection apply to replayed and live events alike', async () => {
  const { commit, identity, subscribe, settle } = await testEvents()
  const write = async () => {
    await commit(alice, { path: 'app.bsky.feed.post/1' }, { path: 'app.bsky.graph.follow/1' })
    await commit(bob, { path: 'app.bsky.feed.post/2' }, { path: 'app.bskyx.feed.post/2' })
    await identity(bob, 'bob.test')
  }
  const collections = (...values: string[]) => ({ collections: parseCollections(values, rules)! })
  await write()
  await settle()
  const filters = [
    { dids: new Set([alice]) },
    collections('app.bsky.feed.post'),
    collections('app.bsky.*'),
    { dids: new Set([bob]), ...collections('app.bsky.feed.post') },
    { kinds: new Set(['identity']) },
    { kinds: new Set(['commit']), ...collections('app.bsky.feed.*') },
  ]
  const sinks = filters.map((filter) => subscribe(filter, { after: 0 }).sink)
  await settle()
  await write()
  await settle()
  const expected = [
    ['alice app.bsky.feed.post/1', 'alice app.bsky.graph.follow/1'],
    ['alice app.bsky.feed.post/1', 'bob app.bsky.feed.post/2', 'bob identity'],
    [
      'alice app.bsky.feed.post/1',
      'alice app.bsky.graph.follow/1',
      'bob app.bsky.feed.post/2',
      'bob identity',
    ],
    ['bob app.bsky.feed.post/2', 'bob identity'],
    ['bob identity'],
    ['alice app.bsky.feed.post/1', 'bob app.bsky.feed.post/2'],
  ]
  expect(sinks.map(({ names }) => names)).toEqual(expected.map((once) => [...once, ...once]))
})

it('a subscriber that takes no more is given the rest when it does, from the ring or the log', async () => {
  const { commit, subscribe, settle } = await testEvents({ limits: { events: 4, bytes: 1e9 } })
  const { sink, subscription } = subscribe()
  sink.hasRoom = false
  for (let i = 0; i < 3; i++) await commit(alice, { path: `a.b.c/${i}` })
  await settle()
  expect(sink.names).toEqual(['alice a.b.c/0'])
  sink.hasRoom = true
  subscription.resume()
  expect(sink.names).toHaveLength(3)
  sink.hasRoom = false
  for (let i = 3; i < 20; i++) await commit(alice, { path: `a.b.c/${i}` })
  await settle()
  expect(sink.names).toHaveLength(4)
  sink.hasRoom = true
  subscription.resume()
  await settle()
  expect(sink.names).toEqual(Array.from({ length: 20 }, (_, i) => `alice a.b.c/${i}`))
})

it('a subscription that its sink closes while it is given events stays closed', async () => {
  const { commit, subscribe, settle } = await testEvents()
  const { sink, subscription } = subscribe()
  await settle()
  sink.send = () => {
    subscription.close()
    return false
  }
  await commit(alice, { path: 'a.b.c/1' })
  await settle()
  expect(subscription.isOpen).toBe(false)
})

it('private events reach only those that ask for them, of the named accounts, in one order with the others', async () => {
  const { commit, addPrivate, subscribe, settle } = await testEvents()
  const write = async () => {
    await commit(alice, { path: 'a.b.c/1' })
    await addPrivate(alice, '#session', { change: 'created', kind: 'password' }, 's1')
    await addPrivate(bob, '#session', { change: 'created', kind: 'password' }, 's2')
    await commit(alice, { path: 'a.b.c/2' })
  }
  await write()
  await settle()
  const dids = new Set([alice])
  const own = subscribe({ dids }, { after: 0, includePrivate: true }).sink
  const others = [
    subscribe({ dids }, { after: 0 }).sink,
    subscribe({}, { after: 0 }).sink,
    subscribe({ kinds: new Set(['session']) }, { after: 0 }).sink,
  ]
  await settle()
  await write()
  await settle()
  const once = ['alice a.b.c/1', 'alice session', 'alice a.b.c/2']
  expect(own.names).toEqual([...once, ...once])
  expect(own.events[1]).toMatchObject({ isPrivate: true, subject: 's1' })
  const isPrivate = ({ isPrivate }: StreamEvent) => isPrivate
  expect(others.flatMap(({ events }) => events.filter(isPrivate))).toEqual([])
})

it('private events of unnamed accounts cannot be asked for', async () => {
  const { subscribe } = await testEvents()
  expect(() => subscribe({}, { includePrivate: true })).toThrow('named accounts')
})

it('onPrivateEvent has private events only, onAccountEvent account events only, in the order of their seqs', async () => {
  const { commit, account, addPrivate, events, settle } = await testEvents()
  const passed: string[] = []
  events.onPrivateEvent(({ kind, did }) => passed.push(`private ${did} ${kind}`))
  const end = events.onAccountEvent(({ kind, did }) => passed.push(`account ${did} ${kind}`))
  await account(bob, 'takendown')
  await commit(bob, { path: 'a.b.c/1' })
  await addPrivate(alice, '#session', { change: 'ended' }, 's1')
  await account(alice, 'deleted')
  await settle()
  const expected = [
    `account ${bob} account`,
    `private ${alice} session`,
    `account ${alice} account`,
  ]
  expect(passed).toEqual(expected)
  end()
  await account(bob, 'deleted')
  await settle()
  expect(passed).toEqual(expected)
})

it('a private event is passed to the process before anything later is given to subscribers', async () => {
  const { commit, addPrivate, events, subscribe, settle } = await testEvents()
  const given: number[] = []
  const { sink } = subscribe()
  events.onPrivateEvent(() => given.push(sink.names.length))
  await addPrivate(alice, '#session', { change: 'ended' }, 's2')
  await commit(alice, { path: 'a.b.c/1' })
  await settle()
  expect(given).toEqual([0])
  expect(sink.names).toEqual(['alice a.b.c/1'])
})

it('a deleted account: its earlier events are neither replayed nor given from the ring', async () => {
  const { commit, account, subscribe, settle } = await testEvents()
  const slow = subscribe()
  slow.sink.hasRoom = false
  await commit(bob, { path: 'a.b.c/0' })
  await settle()
  await commit(alice, { path: 'a.b.c/1' })
  await settle()
  await account(alice, 'deleted')
  await settle()
  slow.sink.hasRoom = true
  slow.subscription.resume()
  const { sink } = subscribe({}, { after: 0 })
  await settle()
  expect(slow.sink.names).toEqual(['bob a.b.c/0', 'alice account'])
  expect(sink.names).toEqual(['bob a.b.c/0', 'alice account'])
})

it.each(['takendown', 'suspended'])(
  'an account that is %s: its records are not replayed',
  async (status) => {
    const { commit, account, subscribe, settle } = await testEvents()
    const slow = subscribe()
    slow.sink.hasRoom = false
    await commit(bob, { path: 'a.b.c/0' })
    await settle()
    await commit(alice, { path: 'a.b.c/1' })
    await account(alice, status)
    await settle()
    slow.sink.hasRoom = true
    slow.subscription.resume()
    const all = subscribe({}, { after: 0 }).sink
    const own = subscribe({ dids: new Set([alice]) }, { after: 0 }).sink
    await settle()
    expect(slow.sink.names).toEqual(['bob a.b.c/0', 'alice account'])
    expect(all.names).toEqual(['bob a.b.c/0', 'alice account'])
    expect(own.names).toEqual(['alice account'])
    await account(alice)
    const later = subscribe({}, { after: 0 }).sink
    await settle()
    expect(later.names).toContain('alice a.b.c/1')
  },
)

it('a cursor before the window is told as a gap, and what is left is replayed', async () => {
  const { sequencer, commit, subscribe, settle } = await testEvents()
  await commit(alice, { path: 'a.b.c/1' })
  sequencer.setTime(1_700_000_000_000 + 2 * 86_400_000)
  await commit(alice, { path: 'a.b.c/2' })
  await settle()
  const { sink } = subscribe({}, { after: 5 })
  await settle()
  expect(sink.gap?.from).toBe(6)
  expect(sink.names).toEqual(['alice a.b.c/2'])
})

it('a cursor that another process was ahead with is not given the same events again', async () => {
  const { sequencer, commit, subscribe, settle } = await testEvents()
  const after = sequencer.tail.head + 2_000_000_000_000
  const { sink } = subscribe({}, { after })
  await settle()
  await commit(alice, { path: 'a.b.c/1' })
  await settle()
  expect(sink.names).toEqual([])
})

/** A filter with as many accounts, none of which another name has. */
const accountsOf = (name: string, count: number) => ({
  dids: new Set(Array.from({ length: count }, (_, n) => `did:plc:${name}${n}`)),
})

it('the accounts in the filters of all subscribers together are bounded', async () => {
  const { subscribe, events } = await testEvents({
    watchedAccounts: { total: 300, perAddress: 300 },
  })
  const first = subscribe(accountsOf('a', 200))
  expect(() => subscribe(accountsOf('b', 200))).toThrow('too many accounts')
  expect(() => first.subscription.setFilter(accountsOf('a', 301))).toThrow('too many accounts')
  expect(first.subscription.filter).toEqual(accountsOf('a', 200))
  first.subscription.setFilter(accountsOf('a', 150))
  const second = subscribe(accountsOf('b', 150))
  first.subscription.close()
  subscribe(accountsOf('c', 150))
  second.subscription.close()
  expect(events.hasSubscribers).toBe(true)
})

it('a subscriber to few accounts is accepted however many the others follow', async () => {
  const { subscribe } = await testEvents({ watchedAccounts: { total: 300, perAddress: 300 } })
  subscribe(accountsOf('a', 300))
  expect(() => subscribe(accountsOf('b', 101))).toThrow('too many accounts')
  subscribe(accountsOf('b', 100))
})

it('the subscribers of one address do not use up what all may follow', async () => {
  const { subscribe } = await testEvents({ watchedAccounts: { total: 600, perAddress: 300 } })
  subscribe(accountsOf('a', 200), { address: '192.0.2.1' })
  expect(() => subscribe(accountsOf('b', 200), { address: '192.0.2.1' })).toThrow(
    'too many accounts',
  )
  subscribe(accountsOf('c', 200), { address: '192.0.2.2' })
})
