import { beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '#packages/realtime/src/channel.ts'
import type { ClientMessage } from '#packages/realtime/src/messages.ts'

const did = 'did:plc:alice'
const [bob, carol] = ['did:plc:bob', 'did:plc:carol']
const board = { did, name: 'board' }

let isOpen: boolean
let sent: ClientMessage[]
let posted: unknown[]
let channel: Channel
/** Thrown by the session's requests. */
let offline: Error | undefined
let heard: unknown[]
beforeEach(() => {
  isOpen = true
  offline = undefined
  ;[sent, posted, heard] = [[], [], []]
  const connection = {
    start() {},
    send: (message: ClientMessage) => sent.push(message),
    close() {},
  }
  const session = {
    did,
    async fetchHandler(_: string, init?: RequestInit) {
      if (offline !== undefined) throw offline
      posted.push(JSON.parse(String(init?.body)))
      return Response.json({})
    },
  }
  channel = new Channel(
    { connection, session, isOpen: () => isOpen },
    { id: 'p.1', channel: board, state: { name: 'Alice' }, onLeave: () => heard.push('left') },
  )
  channel.on('message', (message) => heard.push(message))
  channel.on('presence', (change) => heard.push(change))
  channel.on('error', ({ error }) => heard.push(error))
})

const joined = (present: object[]) =>
  channel.onMessage({ type: 'joined', id: 'p.1', channel: board, present })
const presence = (from: string, state: object | null) =>
  channel.onMessage({ type: 'presence', channel: board, from, state })

describe('Channel', () => {
  it('a channel is joined on each new connection, with the newest state', () => {
    channel.join()
    channel.setState({ name: 'Alice', typing: true })
    isOpen = false
    channel.setState({ name: 'A' })
    isOpen = true
    channel.join()
    expect(sent).toEqual(
      [{ name: 'Alice' }, { name: 'Alice', typing: true }, { name: 'A' }].map((state) => ({
        ...{ type: 'join', id: 'p.1', channel: board, state },
      })),
    )
  })

  it('Channel.publish goes over the connection if the channel is joined, and is a call if not', async () => {
    await channel.publish({ typing: true })
    joined([])
    await channel.publish('over the connection')
    channel.onClosed()
    await channel.publish(3)
    expect(sent).toEqual([{ type: 'publish', channel: board, body: 'over the connection' }])
    expect(posted).toEqual([
      { channel: board, body: { typing: true } },
      { channel: board, body: 3 },
    ])
  })

  it('Channel.publish rejects with NotJoined after the channel was left or refused, and sends nothing', async () => {
    joined([])
    channel.leave()
    await expect(channel.publish(1)).rejects.toMatchObject({
      name: 'RealtimeFailure',
      error: 'NotJoined',
    })
    expect([sent, posted]).toEqual([[{ type: 'leave', id: 'p.1' }], []])
  })

  it('Channel.publish rejects with NotJoined if the channel is not joined and the server cannot be reached', async () => {
    offline = new TypeError('fetch failed')
    await expect(channel.publish(1)).rejects.toMatchObject({ error: 'NotJoined' })
    offline = Object.assign(new Error('no more tokens'), { sub: did })
    await expect(channel.publish(1)).rejects.toMatchObject({ error: 'SessionEnded' })
  })

  it('a channel that cannot be joined over an event stream says so once, publishes, and is joined on a WebSocket', async () => {
    const refused = { type: 'refused', id: 'p.1', error: 'NotOverEventStream', message: 'no' }
    for (let connection = 0; connection < 2; connection++) {
      channel.join()
      channel.onMessage(refused)
      await channel.publish(connection)
      channel.onClosed()
    }
    expect([heard, posted]).toEqual([
      ['NotOverEventStream'],
      [
        { channel: board, body: 0 },
        { channel: board, body: 1 },
      ],
    ])
    channel.join()
    joined([])
    await channel.publish(2)
    expect(sent.at(-1)).toEqual({ type: 'publish', channel: board, body: 2 })
  })

  it('messages are those of the channel, not of another of the account or of another account', () => {
    const message = { type: 'ephemeral', from: bob, body: 1, time: 't' }
    channel.onMessage({ ...message, channel: board })
    channel.onMessage({ ...message, channel: { did, name: 'other' } })
    channel.onMessage({ ...message, channel: { did } })
    channel.onMessage({ ...message, channel: { ...board, did: bob } })
    expect(heard).toEqual([{ from: bob, body: 1, time: 't' }])
  })

  it('Channel.present follows who comes, changes and leaves, also across a new connection', () => {
    joined([{ did: bob, state: { name: 'Bob' } }])
    presence(carol, { name: 'Carol' })
    presence(carol, { name: 'Carol' })
    presence(bob, null)
    presence(bob, null)
    expect([...channel.present]).toEqual([[carol, { name: 'Carol' }]])
    joined([{ did: bob, state: {} }])
    expect([...channel.present]).toEqual([[bob, {}]])
    expect(heard).toEqual([
      { from: bob, state: { name: 'Bob' } },
      { from: carol, state: { name: 'Carol' } },
      { from: bob, state: null },
      { from: carol, state: null },
      { from: bob, state: {} },
    ])
  })

  it('a channel that the server refuses or closes is left, and says why', () => {
    channel.onMessage({ type: 'refused', id: 'p.1', error: 'NotAllowed', message: 'no' })
    channel.join()
    channel.leave()
    expect([heard, sent]).toEqual([['left', 'NotAllowed'], []])
  })

  it('a channel stays joined if the server refuses a state', () => {
    joined([])
    channel.onMessage({ type: 'refused', id: 'p.1', error: 'RateLimitExceeded' })
    channel.leave()
    expect([heard, sent]).toEqual([['RateLimitExceeded', 'left'], [{ type: 'leave', id: 'p.1' }]])
  })

  it('Channel.leave leaves once', () => {
    joined([])
    channel.leave()
    channel.leave()
    channel.onMessage({ type: 'left', id: 'p.1' })
    expect([heard, sent]).toEqual([['left'], [{ type: 'leave', id: 'p.1' }]])
  })
})
