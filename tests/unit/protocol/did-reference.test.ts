import { describe, expect, it } from 'vitest'
import { isAtprotoDid, isDidReference } from '#src/protocol/did-reference.ts'

describe('a DID of atproto', () => {
  it.each([
    'did:plc:abcdefghijklmnopqrstuvwx',
    'did:web:example.com',
    'did:web:localhost',
    'did:web:localhost%3A2583',
  ])('is %s', (did) => {
    expect(isAtprotoDid(did)).toBe(true)
    expect(isDidReference(`${did}#bsky_appview`)).toBe(true)
  })

  it.each([
    '',
    'did:plc:short',
    'did:plc:ABCDEFGHIJKLMNOPQRSTUVWX',
    'did:plc:abcdefghijklmnopqrstuvw1',
    'did:web:',
    'did:web:example.com:alice',
    'did:web:example.com%3A8080',
    'did:key:zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w',
    'example.com',
  ])('is not %s', (did) => {
    expect(isAtprotoDid(did)).toBe(false)
    expect(isDidReference(`${did}#bsky_appview`)).toBe(false)
  })

  it.each(['', '#', '#a#b', '#a b', '#a%', '#ä'])('takes no reference of the form DID%s', (end) => {
    expect(isDidReference(`did:web:example.com${end}`)).toBe(false)
  })
})
