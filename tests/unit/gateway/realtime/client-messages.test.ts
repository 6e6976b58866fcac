import { describe, expect, it } from 'vitest'
import { parseClientMessage, RefusedMessage } from '#src/gateway/realtime/client-messages.ts'

const did = 'did:plc:z72i7hdynmk6r22z27h6tvur'
const text = (type: string, fields: object) =>
  JSON.stringify({ $type: `dev.headwater.realtime.subscribe#${type}`, ...fields })

describe('messages of a client', () => {
  it.each([
    [
      'sub',
      { id: 'a', did, kinds: ['commit'], collections: ['app.bsky.*'], cursor: 5 },
      {
        id: 'a',
        request: { dids: [did], kinds: ['commit'], collections: ['app.bsky.*'], cursor: 5 },
      },
    ],
    ['sub', { id: 'a' }, { id: 'a', request: {} }],
    ['unsub', { id: 'a' }, { id: 'a' }],
    ['auth', { ticket: 'x' }, { ticket: 'x' }],
    [
      'publish',
      { channel: { did }, body: [0.5, null] },
      { channel: { did, name: 'self' }, body: '[0.5,null]' },
    ],
    [
      'join',
      { id: 'c', channel: { did, name: 'board' } },
      { id: 'c', channel: { did, name: 'board' }, state: '{}' },
    ],
    ['leave', { id: 'c' }, { id: 'c' }],
  ])('%s with %j is read', (type, fields, expected) => {
    expect(parseClientMessage(text(type, fields))).toEqual({ type, ...expected })
  })

  it.each([
    ['a name that is too long', 'sub', { id: 'x'.repeat(65) }],
    ['no name', 'sub', { did }],
    ['an account that is none', 'sub', { id: 'a', did: 'alice' }],
    ['101 accounts', 'sub', { id: 'a', dids: Array(101).fill(did) }],
    ['a cursor that is no integer', 'sub', { id: 'a', cursor: 0.5 }],
    ['no body', 'publish', { channel: { did } }],
    ['a body of more than 4 KB', 'publish', { channel: { did }, body: 'x'.repeat(4_096) }],
    [
      'a body of many levels',
      'publish',
      { channel: { did }, body: JSON.parse('['.repeat(50) + ']'.repeat(50)) },
    ],
    ['a state that is no object', 'join', { id: 'a', channel: { did }, state: 1 }],
    ['a channel whose name is none', 'join', { id: 'a', channel: { did, name: 'a b' } }],
  ])('a message with %s is refused', (_, type, fields) => {
    expect(() => parseClientMessage(text(type, fields))).toThrow(RefusedMessage)
  })

  it.each([
    '',
    '{',
    '[]',
    'null',
    '1',
    '{}',
    '{"$type":"x"}',
    text('constructor', {}),
    text('commit', {}),
  ])('%s is no message', (given) => {
    expect(() => parseClientMessage(given)).toThrow(
      expect.objectContaining({ error: 'InvalidRequest', name: 'XrpcError' }),
    )
    expect(() => parseClientMessage(given)).not.toThrow(RefusedMessage)
  })
})
