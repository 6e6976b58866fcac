import { expect, it } from 'vitest'
import type { ConnectionEvents } from '#packages/realtime/src/connection.ts'
import { mergeJoins } from '#packages/realtime/src/merged-joins.ts'
import type { ClientMessage, ServerMessage } from '#packages/realtime/src/messages.ts'

const channel = { did: 'did:plc:alice', name: 'board' }

function connected() {
  const sent: ClientMessage[] = []
  const heard: ServerMessage[] = []
  let server!: ConnectionEvents
  const connect = (events: ConnectionEvents) => {
    server = events
    return { start() {}, send: (message: ClientMessage) => void sent.push(message), close() {} }
  }
  const events = { onState() {}, onMessage: (message: ServerMessage) => void heard.push(message) }
  const connection = mergeJoins(connect, events)
  return { sent, heard, server, connection }
}

it('a channel that two pages join is joined once, and left with the last of them', () => {
  const { sent, heard, server, connection } = connected()
  connection.send({ type: 'join', id: 'a.1', channel, state: { n: 1 } })
  connection.send({ type: 'join', id: 'b.1', channel, state: { n: 2 } })
  server.onMessage({ type: 'joined', id: 'a.1', channel, present: [] })
  server.onMessage({ type: 'ephemeral', channel, from: 'did:plc:bob', body: 1 })
  connection.send({ type: 'leave', id: 'a.1' })
  connection.send({ type: 'leave', id: 'b.1' })
  expect(sent).toEqual([
    { type: 'join', id: 'a.1', channel, state: { n: 1 } },
    { type: 'join', id: 'a.1', channel, state: { n: 2 } },
    { type: 'leave', id: 'a.1' },
  ])
  expect(heard.map(({ type, id }) => [type, id])).toEqual([
    ['joined', 'a.1'],
    ['joined', 'b.1'],
    ['ephemeral', undefined],
  ])
})

it('what ends a join ends it for every page, and a new connection begins without joins', () => {
  const { sent, heard, server, connection } = connected()
  connection.send({ type: 'join', id: 'a.1', channel })
  connection.send({ type: 'join', id: 'b.1', channel })
  server.onMessage({ type: 'left', id: 'a.1', error: 'NotAllowed' })
  expect(heard.map(({ id, error }) => [id, error])).toEqual([
    ['a.1', 'NotAllowed'],
    ['b.1', 'NotAllowed'],
  ])
  connection.send({ type: 'join', id: 'b.1', channel })
  server.onState('offline')
  connection.send({ type: 'join', id: 'c.1', channel })
  expect(sent.slice(2).map((message) => 'id' in message && message.id)).toEqual(['b.1', 'c.1'])
})
