import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultTiming } from '#packages/realtime/src/connection.ts'
import { openEventStream } from '#packages/realtime/src/event-stream-link.ts'
import { type EventFilter, type Gap, Realtime } from '#packages/realtime/src/realtime.ts'
import { ServerConnection } from '#packages/realtime/src/server-connection.ts'
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

describe('connections', () => {
  it('after a cut connection every event is passed on once and in order', async () => {
    const realtime = connect()
    const seqs = listen(realtime)
    await isLive(realtime)
    const sent: number[] = []
    for (let round = 0; round < 5; round++) {
      sent.push(server.emit(commit({ rkey: `${round}a` })))
      server.cut()
      sent.push(server.emit(commit({ rkey: `${round}b` })))
      await expect.poll(() => seqs.at(-1)).toBe(sent.at(-1))
    }
    expect(seqs).toEqual(sent)
  })

  it('events that come twice are passed on once, and several operations with one seq each', async () => {
    const realtime = connect()
    const rkeys: string[] = []
    realtime.on('commit', ({ rkey }) => rkeys.push(rkey))
    await isLive(realtime)
    const ids = server.seen.frames.map(({ id }) => id)
    const send = (seq: number, rkey: string) =>
      server.tell('commit', { seq, did: server.did, ids, collection: 'a.b.c', rkey, cid: 'c' })
    for (const [seq, rkey] of [
      [201, 'a'],
      [202, 'b'],
      [201, 'a'],
      [202, 'b'],
      [203, 'c'],
      [203, 'd'],
      [203, 'c'],
    ] as const) {
      send(seq, rkey)
    }
    const last = server.emit(commit({ seq: 204, rkey: 'e' }))
    await expect.poll(() => rkeys.at(-1)).toBe('e')
    expect([rkeys, last]).toEqual([['a', 'b', 'c', 'd', 'e'], 204])
  })

  it('#tick moves the cursor with which an idle client resumes', async () => {
    const realtime = connect()
    listen(realtime)
    await isLive(realtime)
    server.state.seq = 500
    server.tell('tick', { seq: 500 })
    await realtime.saveCursor({ getItem: () => null, setItem: () => {} })
    await expect
      .poll(() => {
        server.cut()
        return server.seen.frames.at(-1)?.cursor
      })
      .toBe(500)
  })

  it('gap says which events the server no longer has, and the rest is replayed', async () => {
    const realtime = connect()
    const gaps: Gap[] = []
    realtime.on('gap', (gap) => gaps.push(gap))
    const seqs = listen(realtime)
    await isLive(realtime)
    const last = server.emit(commit())
    await expect.poll(() => seqs).toEqual([last])
    server.cut()
    const missed = server.emit(commit())
    server.state.trimmedTo = missed
    const kept = server.emit(commit())
    await expect.poll(() => seqs).toEqual([last, kept])
    expect(gaps).toEqual([{ from: last + 1, to: missed }])
  })

  it('a cursor that the server has not reached is a gap, and the subscription goes on live', async () => {
    const realtime = connect()
    const gaps: Gap[] = []
    realtime.on('gap', (gap) => gaps.push(gap))
    const seqs = listen(realtime, { cursor: 9_000 })
    await isLive(realtime)
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
    expect(gaps).toEqual([{ from: 9_000, to: 100 }])
  })

  it('a connection that is silent for longer than the server ever is is replaced', async () => {
    const realtime = connect({ silenceMs: 200 })
    const seqs = listen(realtime)
    await isLive(realtime)
    await expect.poll(() => server.seen.upgrades).toBeGreaterThan(1)
    await isLive(realtime)
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
  })

  it('a client whose session has ended tries one new ticket, and then stops', async () => {
    const realtime = connect()
    const errors: string[] = []
    realtime.on('error', ({ error }) => errors.push(error))
    listen(realtime)
    await isLive(realtime)
    server.refuse('SessionEnded')
    await expect.poll(() => server.seen.tickets).toBe(2)
    await isLive(realtime)
    server.state.errorAfterUpgrade = 'SessionEnded'
    server.refuse('SessionEnded')
    await expect.poll(() => realtime.status).toBe('ended')
    expect([server.seen.tickets, errors]).toEqual([3, ['SessionEnded']])
  })

  it('a client whose token ends soon renews it, and sends a new ticket over the open connection', async () => {
    let renewals = 0
    const session = { ...server.session, refreshSession: async () => ++renewals }
    const realtime = new Realtime({ service: server.url, session, timing })
    open.push(realtime)
    const seqs = listen(realtime)
    await isLive(realtime)
    server.tell('info', { name: 'Expiring', message: '' })
    await expect
      .poll(() => server.seen.frames.at(-1))
      .toEqual({ $type: 'dev.headwater.realtime.subscribe#auth', ticket: 't2' })
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
    expect([renewals, server.seen.upgrades]).toEqual([1, 1])
  })

  it('a client that gets no ticket stops if its session has ended, and tries again if the server is overloaded', async () => {
    server.state.ticketError = { status: 503, error: 'NotReady' }
    const realtime = connect()
    listen(realtime)
    await expect.poll(() => realtime.status).toBe('offline')
    server.state.ticketError = undefined
    await isLive(realtime)
    server.state.ticketError = { status: 401, error: 'InvalidToken' }
    server.cut()
    await expect.poll(() => realtime.status).toBe('ended')
  })
})

describe('server-sent events', () => {
  it('a browser that forbids the WebSocket is as one whose WebSocket is refused', async () => {
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor() {
          throw new Error('mixed content')
        }
      },
    )
    const realtime = connect()
    const seqs = listen(realtime)
    await isLive(realtime)
    vi.unstubAllGlobals()
    const seq = server.emit(commit())
    await expect.poll(() => seqs).toEqual([seq])
    expect([server.seen.upgrades, server.seen.streams.length]).toEqual([0, 1])
  })

  it('a client whose WebSockets are refused twice gets the same events over server-sent events', async () => {
    server.state.refusesWebSockets = true
    const realtime = connect()
    const seqs = listen(realtime)
    await isLive(realtime)
    expect(server.seen.refused).toBe(2)
    const first = server.emit(commit())
    await expect.poll(() => seqs).toEqual([first])
    const grants: number[] = []
    realtime.on('grant', ({ seq }) => grants.push(seq))
    await isLive(realtime)
    const [grant, second] = [server.emit({ type: 'grant' }), server.emit(commit({ rkey: 's' }))]
    await expect.poll(() => [seqs, grants]).toEqual([[first, second], [grant]])
    expect(server.connections).toBe(1)
  })

  it('server-sent events resume by cursor, and a WebSocket that is allowed again is used again', async () => {
    server.state.refusesWebSockets = true
    const realtime = connect()
    const seqs = listen(realtime)
    await isLive(realtime)
    const first = server.emit(commit())
    await expect.poll(() => seqs).toEqual([first])
    server.cut()
    const second = server.emit(commit({ rkey: 's' }))
    await expect.poll(() => seqs).toEqual([first, second])
    expect(server.seen.streams.at(-1)!.searchParams.get('cursor')).toBe(String(first))
    server.state.refusesWebSockets = false
    server.cut()
    await expect.poll(() => server.seen.upgrades).toBe(1)
    const third = server.emit(commit({ rkey: 't' }))
    await expect.poll(() => seqs).toEqual([first, second, third])
  })

  it('an event stream link is idle without subscriptions and channels, and asking counts as a sign of life', async () => {
    let alive = 0
    const events = { onOpen() {}, onMessage() {}, onAlive: () => alive++, onClose() {} }
    const link = openEventStream(server.session, events)
    expect([link.isIdle, alive]).toEqual([true, 0])
    link.send({ type: 'sub', id: 's1', did: server.did })
    expect(link.isIdle).toBe(false)
    await expect.poll(() => alive).toBeGreaterThan(0)
    link.send({ type: 'unsub', id: 's1' })
    expect(link.isIdle).toBe(true)
    link.send({ type: 'join', id: 'c1', channel: { did: server.did } })
    expect(link.isIdle).toBe(false)
    link.send({ type: 'leave', id: 'c1' })
    expect(link.isIdle).toBe(true)
    link.close()
  })

  it('an event stream is given up for its silence only if something is asked of it', async () => {
    vi.stubGlobal('WebSocket', undefined)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const states: string[] = []
      const { url: service, session } = server
      const connection = new ServerConnection(
        { service, session, timing: { ...defaultTiming, silenceMs: 1_000 } },
        { onState: (state) => states.push(state), onMessage: () => {} },
      )
      connection.start()
      await vi.waitFor(() => expect(states).toEqual(['connecting', 'open']))
      await vi.advanceTimersByTimeAsync(10_000)
      expect(states).toEqual(['connecting', 'open'])
      connection.send({ type: 'join', id: 'c1', channel: { did: server.did } })
      await vi.advanceTimersByTimeAsync(1_000)
      expect(states).toEqual(['connecting', 'open', 'offline'])
      connection.close()
    } finally {
      vi.useRealTimers()
      vi.unstubAllGlobals()
    }
  })

  it('an error that ends server-sent events counts as one of a WebSocket', async () => {
    server.state.refusesWebSockets = true
    const realtime = connect()
    const errors: string[] = []
    realtime.on('error', ({ error }) => errors.push(error))
    listen(realtime)
    await isLive(realtime)
    server.refuse('AccountTakedown')
    await expect.poll(() => realtime.status).toBe('ended')
    expect(errors).toEqual(['AccountTakedown'])
  })
})
