import { describe, expect, it, vi } from 'vitest'
import { unavailable, type XrpcError } from '#src/errors.ts'
import type { Batch } from '#src/gateway/events/batch.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { SubscribeOptions, Subscription } from '#src/gateway/events/subscription.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { eventText } from '#src/gateway/realtime/event-text.ts'
import { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import { testEvents } from '#tests/support/events.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
const now = Date.parse('2026-01-01T00:00:00Z')

interface Sent {
  type: string
  [field: string]: unknown
}

/** A connection that keeps what it is sent. */
class TestTransport implements Transport {
  readonly sent: Sent[] = []
  error: string | undefined
  isOpen = true
  hasRoom = true

  message(_: string, payload: string): void {
    this.#add(payload)
  }

  events(batch: Batch): void {
    for (const event of batch.events) this.#add(eventText(event))
  }

  fail({ error }: XrpcError): void {
    this.error = error
    this.isOpen = false
  }

  goAway(): void {
    this.isOpen = false
  }

  get types(): string[] {
    return this.sent.map(({ type }) => type)
  }

  of(type: string): Sent[] {
    return this.sent.filter((one) => one.type === type)
  }

  #add(payload: string): void {
    const { $type, ...fields } = JSON.parse(payload) as { $type: string }
    this.sent.push({ ...fields, type: $type.split('#')[1]! })
  }
}

async function testSubscriber({
  perCommit = false,
  scope = 'com.atproto.access',
  subscribe,
}: {
  perCommit?: boolean
  scope?: string
  subscribe?: EventStream['subscribe']
} = {}) {
  const test = await testEvents()
  const transport = new TestTransport()
  const credential: Credential = {
    ...{ kind: 'session', did: alice, scope, sessionId: 'mine', validAt: now },
    expiresAt: now + 120 * 60_000,
  }
  const errors: unknown[] = []
  const subscriber = new Subscriber(
    {
      stream: subscribe === undefined ? test.events : { head: 0, bounds: vi.fn(), subscribe },
      findAccount: async (did) => (did.startsWith('did:plc:') ? did : undefined),
      serviceDid: 'did:web:a',
      preferencesAudience: undefined,
      onEventsSent: () => {},
      onError: (error) => errors.push(error),
    },
    { transport, credential, perCommit },
  )
  return { ...test, transport, subscriber, errors, credential }
}

describe('a connection', () => {
  it('is sent the events after its cursor, and then that it is live', async () => {
    const { commit, settle, subscriber, transport, events } = await testSubscriber()
    await commit(alice, { path: 'a.b.c/1' }, { path: 'a.b.c/2' })
    await commit(bob, { path: 'a.b.c/3' })
    await settle()
    await subscriber.subscribe('', { cursor: 0 })
    await settle()
    expect(transport.types).toEqual(['commit', 'commit', 'ready'])
    expect(transport.sent[0]).toMatchObject({
      ...{ did: alice, operation: 'create', collection: 'a.b.c', rkey: '1', rev: 'rev1' },
      record: { $type: 'a.b.c', n: 1 },
    })
    expect(transport.sent.at(-1)).toEqual({ type: 'ready', seq: events.head })
    await commit(alice, { action: 'delete', path: 'a.b.c/1' })
    await settle()
    expect(transport.sent.at(-1)).toMatchObject({ operation: 'delete', rkey: '1' })
    expect(transport.sent.at(-1)).not.toHaveProperty('record')
  })

  it('is sent each commit as one event if it asks for that', async () => {
    const { commit, settle, subscriber, transport } = await testSubscriber({ perCommit: true })
    await subscriber.subscribe('', {})
    await commit(alice, { path: 'a.b.c/1' }, { path: 'a.b.d/1' }, { path: 'a.b.c/2' })
    await commit(alice, { path: 'a.b.c/3' })
    await settle()
    const commits = transport.of('commit') as unknown as {
      rev: string
      seq: number
      ops: unknown[]
    }[]
    expect(commits.map(({ rev, ops }) => [rev, ops.length])).toEqual([
      ['rev1', 3],
      ['rev2', 1],
    ])
    expect(commits[0]!.ops[2]).toMatchObject({ collection: 'a.b.c', rkey: '2', record: { n: 1 } })
  })

  it('is sent an event that several of its subscriptions want once, with their names', async () => {
    const { commit, settle, subscriber, transport, events } = await testSubscriber()
    await subscriber.subscribe('', { kinds: ['commit'], collections: ['x.y.none'] })
    await subscriber.subscribe('all', {})
    await subscriber.subscribe('some', { collections: ['a.b.*'] })
    await subscriber.subscribe('bob', { dids: [bob] })
    await settle()
    expect(transport.of('subscribed')).toMatchObject([
      { id: 'all', seq: events.head },
      { id: 'some' },
      { id: 'bob' },
    ])
    await commit(alice, { path: 'a.b.c/1' })
    await commit(alice, { path: 'd.e.f/1' })
    await commit(bob, { path: 'a.b.c/1' })
    await settle()
    expect(transport.of('commit').map(({ did, ids }) => [did, ids])).toEqual([
      [alice, ['all', 'some']],
      [alice, ['all']],
      [bob, ['bob']],
    ])
  })

  it('with named subscriptions is sent no more at once than may wait, and then the rest in order', async () => {
    const { commit, settle, subscriber, transport } = await testSubscriber()
    await subscriber.subscribe('own', { kinds: ['commit'] })
    await settle()
    let room = 0
    Object.defineProperty(transport, 'hasRoom', {
      get: () => transport.of('commit').length < room,
    })
    for (let i = 0; i < 30; i++) {
      const record = { $type: 'a.b.c', text: 'x'.repeat(100_000) }
      await commit(alice, { path: `a.b.c/${i}`, record })
      await settle()
    }
    const before = transport.of('commit').length
    room = before + 1
    subscriber.onDrain()
    await settle()
    expect(transport.of('commit').length - before).toBeLessThanOrEqual(3)
    room = 100
    subscriber.onDrain()
    await settle()
    const rkeys = transport.of('commit').map(({ rkey }) => rkey)
    expect(rkeys).toEqual(Array.from({ length: 30 }, (_, i) => String(i)))
  })

  it('that names no accounts receives its own, also by an empty list', async () => {
    const { commit, settle, subscriber, transport } = await testSubscriber()
    await subscriber.subscribe('none', { dids: [] })
    await subscriber.subscribe('absent', {})
    await settle()
    await commit(bob, { path: 'a.b.c/1' })
    await commit(alice, { path: 'a.b.c/2' })
    await settle()
    expect(transport.of('commit')).toMatchObject([{ did: alice, ids: ['none', 'absent'] }])
  })

  it('may have 100 subscriptions, and replaces one of the same name', async () => {
    const { subscriber } = await testSubscriber()
    for (let i = 0; i < 100; i++) await subscriber.subscribe(`s${i}`, {})
    const refusal = { status: 429, error: 'TooManySubscriptions' }
    await expect(subscriber.subscribe('more', {})).rejects.toMatchObject(refusal)
    await subscriber.subscribe('s7', {})
    subscriber.unsubscribe('s8')
    await subscriber.subscribe('more', {})
  })

  it('that takes nothing is sent no more until it does, and then everything in order', async () => {
    const { commit, settle, subscriber, transport } = await testSubscriber()
    await subscriber.subscribe('', {})
    await settle()
    transport.hasRoom = false
    for (let i = 0; i < 5; i++) {
      await commit(alice, { path: `a.b.c/${i}` })
      await settle()
    }
    expect(transport.of('commit')).toHaveLength(1)
    transport.hasRoom = true
    subscriber.onDrain()
    await settle()
    expect(transport.of('commit').map(({ rkey }) => rkey)).toEqual(['0', '1', '2', '3', '4'])
  })

  it('without events is sent a cursor to continue after 25 s, and no sooner', async () => {
    const { commit, settle, subscriber, transport, events } = await testSubscriber()
    await subscriber.subscribe('', {})
    await settle()
    const start = performance.now()
    subscriber.check(now, start)
    subscriber.check(now, start + 24_900)
    expect(transport.of('tick')).toEqual([])
    await commit(bob, { path: 'a.b.c/1' })
    await settle()
    subscriber.check(now, start + 26_000)
    expect(transport.of('tick')).toEqual([{ type: 'tick', seq: events.head }])
  })

  it('with events for one subscription is sent a cursor to continue for the others every minute', async () => {
    // Whole: the differences are exact.
    let time = Math.ceil(performance.now())
    using _ = vi.spyOn(performance, 'now').mockImplementation(() => time)
    const { commit, settle, subscriber, transport } = await testSubscriber()
    await subscriber.subscribe('busy', { collections: ['a.b.busy'] })
    await subscriber.subscribe('silent', { collections: ['a.b.silent'] })
    for (let second = 0; second <= 130; second += 10, time += 10_000) {
      await commit(alice, { path: `a.b.busy/${second}` })
      await settle()
      subscriber.check(now, time)
    }
    expect(transport.of('tick')).toHaveLength(2)
  })

  it('ends with its token, of which it is warned, unless a later one replaces it', async () => {
    const { subscriber, transport, credential } = await testSubscriber()
    await subscriber.subscribe('', {})
    const end = credential.expiresAt!
    subscriber.check(end - 60_001, 1)
    expect(transport.of('info')).toEqual([])
    subscriber.check(end - 60_000, 2)
    subscriber.check(end - 59_000, 3)
    expect(transport.of('info')).toMatchObject([{ name: 'Expiring' }])
    subscriber.renew({ ...credential, expiresAt: end + 60_000 })
    subscriber.check(end, 4)
    expect(transport.error).toBeUndefined()
    subscriber.check(end + 60_000, 5)
    expect(transport.error).toBe('ExpiredToken')
  })

  it('is not renewed by a token of another account, or one that may not receive what it subscribed to', async () => {
    const { subscriber, credential } = await testSubscriber()
    await subscriber.subscribe('', { kinds: ['session'] })
    const other = { ...credential, did: bob } as Credential
    expect(() => subscriber.renew(other)).toThrow(
      expect.objectContaining({ error: 'InvalidTicket' }),
    )
    const less = { ...credential, scope: 'com.atproto.appPass' } as Credential
    expect(() => subscriber.renew(less)).toThrow(expect.objectContaining({ error: 'ScopeMissing' }))
    expect(subscriber.credential).toEqual(credential)
  })

  it('whose log cannot be read ends with the 503 of the read, and any other failure of it is an internal error', async () => {
    const ends: unknown[] = []
    for (const failure of [unavailable('busy'), new Error('a bug')]) {
      const { transport, errors, subscriber } = await testSubscriber({
        subscribe({ sink }: SubscribeOptions) {
          queueMicrotask(() => sink.onError(failure))
          return { position: 0, resume() {}, close() {} } as unknown as Subscription
        },
      })
      await subscriber.subscribe('', {})
      await expect.poll(() => transport.error).toBeDefined()
      ends.push([transport.error, errors.length])
    }
    expect(ends).toEqual([
      ['ServiceUnavailable', 0],
      ['InternalServerError', 1],
    ])
  })

  it('that has ended is sent nothing more', async () => {
    const { commit, settle, subscriber, transport } = await testSubscriber()
    await subscriber.subscribe('', {})
    await settle()
    const { length } = transport.sent
    subscriber.close()
    await commit(alice, { path: 'a.b.c/1' })
    await settle()
    expect(transport.sent).toHaveLength(length)
    await expect(subscriber.subscribe('x', {})).rejects.toMatchObject({ error: 'Closed' })
  })
})
