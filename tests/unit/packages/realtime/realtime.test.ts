import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type EventFilter,
  Realtime,
  type RealtimeEvent,
  type RealtimeFailure,
} from '#packages/realtime/src/realtime.ts'
import {
  type FakeRealtimeServer,
  startFakeRealtimeServer,
} from '#tests/support/fake-realtime-server.ts'

const timing = { minBackoffMs: 5, maxBackoffMs: 30 }

let server: FakeRealtimeServer
let open: Realtime[]
beforeEach(async () => {
  server = await startFakeRealtimeServer()
  open = []
})
afterEach(async () => {
  for (const realtime of open) realtime.close()
  await server.close()
})

function connect(more: { silenceMs?: number } = {}): Realtime {
  const { url: service, session } = server
  const realtime = new Realtime({ service, session, timing: { ...timing, ...more } })
  open.push(realtime)
  return realtime
}

const isLive = (realtime: Realtime) => expect.poll(() => realtime.status).toBe('live')

/** The seqs of the commits that a listener gets. */
function listen(realtime: Realtime, filter: EventFilter = {}): number[] {
  const seqs: number[] = []
  realtime.on('commit', filter, ({ seq }) => seqs.push(seq))
  return seqs
}

const commit = (fields: object = {}) => ({
  type: 'commit',
  collection: 'a.b.c',
  rkey: 'r',
  rev: 'v',
  ...fields,
})

describe('subscriptions', () => {
  it('Realtime.on gets the events of its kind, collections and accounts until it is removed', async () => {
    const realtime = connect()
    const all = listen(realtime)
    const some = listen(realtime, { collections: ['a.b.other'] })
    const bob = listen(realtime, { dids: ['did:plc:bob'] })
    const grants: RealtimeEvent[] = []
    const off = realtime.on('grant', (event) => grants.push(event))
    await isLive(realtime)
    const first = server.emit(commit())
    const other = server.emit(commit({ collection: 'a.b.other' }))
    const foreign = server.emit(commit({ did: 'did:plc:bob' }))
    const grant = server.emit({
      type: 'grant',
      change: 'created',
      clientId: 'app',
      scope: 'atproto',
    })
    await expect.poll(() => grants.length).toBe(1)
    expect([all, some, bob]).toEqual([[first, other], [other], [foreign]])
    expect(grants[0]).toEqual({
      ...{ type: 'grant', seq: grant, did: server.did, time: expect.any(String) },
      ...{ change: 'created', clientId: 'app', scope: 'atproto' },
    })
    off()
    server.emit({ type: 'grant' })
    const last = server.emit(commit())
    await expect.poll(() => all.at(-1)).toBe(last)
    expect(grants).toHaveLength(1)
  })

  it('listeners with the same filter share a subscription, and all subscriptions a connection', async () => {
    const realtime = connect()
    const [one, two] = [listen(realtime), listen(realtime)]
    await isLive(realtime)
    const three = listen(realtime)
    const seq = server.emit(commit())
    await expect.poll(() => [one, two, three]).toEqual([[seq], [seq], [seq]])
    expect(server.seen.frames).toHaveLength(1)
    expect(server.connections).toBe(1)
  })

  it('Realtime.on with a cursor replays what came after it, and status is replaying until it is live', async () => {
    const before = [1, 2, 3].map((n) => server.emit(commit({ rkey: String(n) })))
    const realtime = connect()
    const statuses: string[] = []
    realtime.on('status', (status) => statuses.push(status))
    const seqs = listen(realtime, { cursor: before[0]! })
    await isLive(realtime)
    expect(seqs).toEqual(before.slice(1))
    expect(statuses).toEqual(['connecting', 'replaying', 'live'])
  })

  it('a refused subscription is an error, and leaves the others alone', async () => {
    const realtime = connect()
    const errors: RealtimeFailure[] = []
    realtime.on('error', (error) => errors.push(error))
    const seqs = listen(realtime)
    realtime.on('forbidden' as 'commit', () => {})
    await expect.poll(() => errors.map(({ error }) => error)).toEqual(['ScopeMissing'])
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
    const events = realtime.events({ kinds: ['forbidden'] })
    await expect(events.next()).rejects.toMatchObject({ error: 'ScopeMissing' })
  })

  it('an error that a listener throws reaches neither the other listeners nor the connection', async () => {
    const realtime = connect()
    const thrown: unknown[] = []
    const catchThrown = (error: unknown) => thrown.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', catchThrown)
    realtime.on('commit', () => {
      throw new Error('of a listener')
    })
    const seqs = listen(realtime)
    await isLive(realtime)
    const [first, second] = [server.emit(commit()), server.emit(commit())]
    await expect.poll(() => [seqs, thrown.length]).toEqual([[first, second], 2])
    process.off('uncaughtException', catchThrown)
    for (const other of others) process.on('uncaughtException', other)
  })
})

describe('events()', () => {
  it('Realtime.events yields events of every kind until its signal is aborted', async () => {
    const realtime = connect()
    const controller = new AbortController()
    const events = realtime.events({ signal: controller.signal })
    const types: string[] = []
    const reading = (async () => {
      for await (const { type } of events) types.push(type)
    })()
    await isLive(realtime)
    server.emit(commit())
    server.emit({ type: 'someNewKind' })
    await expect.poll(() => types).toEqual(['commit', 'someNewKind'])
    controller.abort()
    await reading
    await expect.poll(() => server.seen.frames.at(-1)!.$type).toContain('#unsub')
  })

  it('a slow reader of Realtime.events pauses its subscription, and misses nothing', async () => {
    const realtime = connect()
    const events = realtime.events()
    const first = events.next()
    await isLive(realtime)
    const sent = Array.from({ length: 2_500 }, (_, i) => server.emit(commit({ rkey: String(i) })))
    const seqs = [(await first).value!.seq]
    await expect.poll(() => server.seen.frames.at(-1)!.$type).toContain('#unsub')
    while (seqs.length < sent.length) seqs.push((await events.next()).value!.seq)
    expect(seqs).toEqual(sent)
    await events.return()
  })
})

describe('saved cursors', () => {
  it('Realtime.saveCursor lets a listener continue after a reload where it had got', async () => {
    const items = new Map<string, string>()
    const store = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
    }
    const before = connect()
    await before.saveCursor(store)
    const seqs = listen(before)
    await isLive(before)
    const first = server.emit(commit())
    await expect.poll(() => seqs).toEqual([first])
    before.close()
    const missed = [server.emit(commit({ rkey: 'a' })), server.emit(commit({ rkey: 'b' }))]
    const after = connect()
    await after.saveCursor(store)
    const replayed = listen(after)
    const others = listen(after, { collections: ['a.b.c'] })
    await isLive(after)
    expect([replayed, others]).toEqual([missed, []])
  })

  it('Realtime.saveCursor starts from now on if the store has something else', async () => {
    const realtime = connect()
    await realtime.saveCursor({ getItem: async () => '{"broken"', setItem: () => {} })
    const seqs = listen(realtime)
    await isLive(realtime)
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
  })
})
