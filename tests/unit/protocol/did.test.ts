import { describe, expect, it } from 'vitest'
import { isAtprotoDid, isDid, isDidReference } from '#src/protocol/did.ts'

describe('a DID of any method', () => {
  it.each(['did:plc:abc', 'did:example:a:b%20'])('a DID is %s', (did) => {
    expect(isDid(did)).toBe(true)
  })

  it.each([
    ...['did:web', 'did:web:', 'did:web:example.com:', 'did:web:example.com%'],
    ...['did:Web:example.com', 'did:web:a/b', 'example.com'],
  ])('a DID is not %s', (text) => {
    expect(isDid(text)).toBe(false)
  })

  it('a DID has at most 2048 characters', () => {
    const did = `did:plc:${'a'.repeat(2040)}`
    expect([isDid(did), isDid(`${did}a`)]).toEqual([true, false])
  })
})

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
