import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { StreamConnections } from '#src/gateway/http/stream-connections.ts'
import { currentDictionary, legacyDictionary } from '#src/gateway/jetstream/dictionaries.ts'
import type { JetstreamPorts } from '#src/gateway/jetstream/endpoint.ts'
import {
  closeReason,
  type JetstreamConnection,
} from '#src/gateway/jetstream/jetstream-connection.ts'
import { legacySubscribe } from '#src/gateway/jetstream/legacy-subscribe.ts'
import { newStats } from '#src/gateway/jetstream/stats.ts'
import { subscribeEvents } from '#src/gateway/jetstream/subscribe-events.ts'
import { testEvents } from '#tests/support/events.ts'
import { FakePeer, silent } from '#tests/support/firehose.ts'

const alice = 'did:plc:alice'
/** Any dictionary serves: that of `/subscribe` may not be here. */
const dictionary = currentDictionary()!
const update = (payload: object) => Buffer.from(JSON.stringify({ type: 'options_update', payload }))

async function open(options: Parameters<typeof testEvents>[0] = {}) {
  const server = await testEvents(options)
  const connections = new StreamConnections<JetstreamConnection>({ stallTimeoutMs: 60_000 })
  const ports: JetstreamPorts = {
    ...{ events: server.events, log: silent, connections, stats: newStats() },
    ...{ stallTimeoutMs: 60_000, dictionaries: { legacy: dictionary, current: dictionary } },
  }
  const endpoints = { legacy: legacySubscribe(ports), events: subscribeEvents(ports) }
  async function connect(
    query = '',
    { to = 'legacy', headers = {} }: { to?: 'legacy' | 'events'; headers?: object } = {},
  ) {
    const request = { headers } as IncomingMessage
    const serve = await endpoints[to].route.admit(request, new URLSearchParams(query))
    const peer = new FakePeer()
    const ws = peer.ws as unknown as WebSocket
    serve({ ws, socket: peer.socket as unknown as Socket, address: '127.0.0.1' })
    await server.settle()
    const say = async (message: Buffer, isBinary = false) => {
      peer.ws.emit('message', message, isBinary)
      await server.settle()
    }
    const events = () => peer.messages.map((text) => JSON.parse(Buffer.from(text).toString()))
    const rkeys = () => events().map(({ commit, payload }) => (commit ?? payload).rkey)
    return { peer, say, events, rkeys }
  }
  async function write(...rkeys: string[]) {
    for (const rkey of rkeys) await server.commit(alice, { path: `a.b.c/${rkey}` })
    await server.settle()
  }
  return { ...server, ...ports, connect, write }
}

describe('/subscribe', () => {
  it('an idle hour loses no connection, and only pings are sent', async () => {
    const { connect, connections } = await open()
    const { peer } = await connect()
    const [connection] = connections.all()
    for (let s = 0; s <= 3_600; s += 10) {
      connection!.check(s * 1_000)
      const ping = peer.pings.at(-1)
      if (ping !== undefined) peer.ws.emit('pong', ping)
    }
    expect(peer.closed).toBeUndefined()
    expect(peer.sent).toEqual([])
    expect(peer.pings).toHaveLength(121)
  })

  it('the cursor is inclusive: the event that has it is sent again, one more and it is not', async () => {
    const { connect, write } = await open()
    await write('1', '2')
    const all = (await connect('cursor=1')).events()
    const last = all.at(-1).time_us
    expect((await connect(`cursor=${last}`)).rkeys()).toEqual(['2'])
    expect((await connect(`cursor=${last + 1}`)).rkeys()).toEqual([])
  })

  it('a cursor older than the log begins at its oldest event, without a word', async () => {
    const { connect, write, sequencer } = await open()
    await write('1')
    sequencer.setTime(1_700_000_000_000 + 2 * 86_400_000)
    await write('2')
    expect((await connect('cursor=5')).rkeys()).toEqual(['2'])
  })

  it('maxMessageSizeBytes leaves out larger messages, and keeps the order', async () => {
    const { connect, commit, settle, stats } = await open()
    const { rkeys } = await connect('maxMessageSizeBytes=300')
    for (const [i, text] of ['', 'x'.repeat(500), 'y'].entries()) {
      await commit(alice, { path: `a.b.c/${i}`, record: { text } })
    }
    await settle()
    expect(rkeys()).toEqual(['0', '2'])
    expect(stats.eventsOversize).toBe(1)
  })

  it('requireHello: nothing is sent before the first options_update, then what is live', async () => {
    const { connect, write } = await open()
    const { say, rkeys, peer } = await connect('requireHello=true')
    await write('1')
    await say(Buffer.from('{"type":"unknown"}'))
    await say(update({}), true)
    expect(peer.sent).toEqual([])
    await say(update({}))
    await write('2')
    expect(rkeys()).toEqual(['2'])
  })

  it('requireHello with a cursor: from the cursor on, with the options of the message', async () => {
    const { connect, write, commit } = await open()
    await commit(alice, { path: 'x.y.z/0' })
    await write('1')
    const { say, rkeys } = await connect('requireHello=true&cursor=1')
    await say(update({ wantedCollections: ['a.b.*'] }))
    expect(rkeys()).toEqual(['1'])
  })

  it.each(['1', 'yes', 'True'])('requireHello=%s has no effect', async (value) => {
    const { connect, write } = await open()
    const { rkeys } = await connect(`requireHello=${value}`)
    await write('1')
    expect(rkeys()).toEqual(['1'])
  })

  it('options_update applies to what is sent after it; empty lists open up again', async () => {
    const { connect, write, stats } = await open()
    const { say, rkeys } = await connect(`wantedDids=${alice}`)
    await write('1')
    await say(update({ wantedDids: ['did:plc:bob'] }))
    await write('2')
    await say(update({ wantedDids: [], wantedCollections: [] }))
    await write('3')
    expect(rkeys()).toEqual(['1', '3'])
    expect(stats).toMatchObject({ optionsUpdates: 2, optionsUpdateErrors: { oversize: 0 } })
  })

  it.each([
    ['too many messages', false],
    ['too many binary messages, which are ignored,', true],
  ])('a client that sends %s is disconnected', async (_, isBinary) => {
    const { connect } = await open()
    const { peer, say } = await connect()
    for (let n = 0; n < 100; n++) peer.ws.emit('message', update({}), isBinary)
    expect(peer.closed).toBeUndefined()
    await say(update({}))
    expect(peer.closed).toEqual({ code: 1008, reason: 'too many messages' })
  })

  it.each([
    ['compress=true', {}],
    ['', { 'socket-encoding': 'gzip, zstd' }],
  ])('with %j and headers %j each message is compressed on its own', async (query, headers) => {
    const { connect, write, stats } = await open()
    const { peer } = await connect(query, { headers })
    await write('1', '2')
    await expect.poll(() => peer.messages).toHaveLength(2)
    expect(peer.sent[0]![0]).toBe(0x82)
    const decoded = peer.messages.toReversed().map((message) => {
      expect(() => zstdDecompressSync(message)).toThrow('Dictionary mismatch')
      return JSON.parse(
        String(zstdDecompressSync(message, { dictionary: dictionary.bytes } as object)),
      )
    })
    expect(decoded.map(({ commit }) => commit.rkey)).toEqual(['2', '1'])
    expect(stats.bytesSent.zstd).toBeLessThan(stats.bytesEncoded.zstd)
  })

  it('zstd and an offer of permessage-deflate are refused together', async () => {
    const { connect } = await open()
    const headers = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }
    await expect(connect('compress=true', { headers })).rejects.toThrow('choose one compression')
    await connect('', { headers })
  })

  it('a client that takes nothing is closed as ConsumerTooSlow, and its queue is bounded', async () => {
    const { connect, write, connections } = await open()
    const { peer, rkeys } = await connect()
    peer.stall()
    await write('1', '2', '3')
    expect(rkeys()).toEqual(['1'])
    const [connection] = connections.all()
    connection!.check(0)
    connection!.check(59_000)
    expect(peer.closed).toBeUndefined()
    connection!.check(61_000)
    expect(peer.closed).toEqual({ code: 1008, reason: 'ConsumerTooSlow' })
  })

  it('when the server stops, connections are closed as going away', async () => {
    const { connect, connections, stats } = await open()
    const { peer } = await connect()
    expect(stats.subscribers.none).toBe(1)
    await connections.close('server shutting down')
    expect(peer.closed).toEqual({ code: 1001, reason: 'server shutting down' })
    expect(stats.subscribers.none).toBe(0)
  })
})

describe('subscribeEvents', () => {
  it('a cursor older than the log is told with #info OutdatedCursor', async () => {
    const { connect, write, sequencer } = await open()
    await write('1')
    sequencer.setTime(1_700_000_000_000 + 2 * 86_400_000)
    await write('2')
    const { events } = await connect('cursor=5', { to: 'events' })
    const [info, commit] = events().map(({ payload }) => payload)
    expect(info).toMatchObject({
      $type: 'network.bsky.jetstream.subscribeEvents#info',
      name: 'OutdatedCursor',
    })
    expect(commit.rkey).toBe('2')
  })

  it('a client that takes nothing is told ConsumerTooSlow', async () => {
    const { connect, write, connections, settle } = await open()
    const { peer, events } = await connect('', { to: 'events' })
    peer.stall()
    await write('1')
    const [connection] = connections.all()
    connection!.check(0)
    connection!.check(61_000)
    await settle()
    expect(events().at(-1)).toMatchObject({ $type: 'error', error: 'ConsumerTooSlow' })
    expect(peer.closed?.code).toBe(1008)
  })

  it.each([
    ['compress=true', {}, 'InvalidRequest', 'use zstdDictionary'],
    ['', { 'socket-encoding': 'zstd' }, 'InvalidRequest', 'use zstdDictionary'],
    ['zstdDictionary=0', {}, 'InvalidRequest', 'positive integer'],
    ['zstdDictionary=x', {}, 'InvalidRequest', 'positive integer'],
    ['zstdDictionary=7', {}, 'UnknownZstdDictionary', `use ${dictionary.id}`],
    ['cursor=abc', {}, 'InvalidRequest', 'invalid cursor'],
  ])('%j with %j is refused as %s', async (query, headers, error, message) => {
    const { connect } = await open()
    const refused = connect(query, { to: 'events', headers })
    await expect(refused).rejects.toMatchObject({ status: 400, error })
    await expect(refused).rejects.toThrow(message)
  })
})

it('the reason of a close frame is cut at a whole character', () => {
  expect(closeReason('short')).toBe('short')
  const cut = closeReason('ü'.repeat(100))
  expect(cut).toBe(`${'ü'.repeat(60)}...`)
})

it('without its dictionary /subscribe does not compress, and says so', async () => {
  const { events, connections } = await open()
  const { route } = legacySubscribe({
    ...{ events, connections, log: silent, stats: newStats(), stallTimeoutMs: 1 },
    dictionaries: { legacy: legacyDictionary(undefined), current: dictionary },
  })
  const request = { headers: {} } as IncomingMessage
  const refused = route.admit(request, new URLSearchParams('compress=true'))
  await expect(refused).rejects.toThrow('this server cannot compress')
})

it('a file that is no dictionary is named when the server starts', () => {
  const file = import.meta.filename
  expect(() => legacyDictionary(file)).toThrow(`${file} is not a zstd dictionary`)
})
