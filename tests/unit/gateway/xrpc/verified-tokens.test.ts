import { beforeEach, expect, it, vi } from 'vitest'
import { tokenVerifier } from '#src/gateway/xrpc/verified-tokens.ts'
import { issueTokens } from '#src/rules/session-tokens.ts'

const hour = 60 * 60 * 1000
const jwtSecret = new TextEncoder().encode('a secret of the tests')
const serviceDid = 'did:web:localhost'
let now = Date.UTC(2026, 10, 20)
const clock = { now: vi.fn(() => now) }

beforeEach(() => {
  now = Date.UTC(2026, 10, 20)
})

function token(did: string, secret = jwtSecret): string {
  return issueTokens({ did, tokenId: 'one' }, { secret, audience: serviceDid, now }).accessJwt
}

it('a verified token is accepted from the cache until it expires', () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock })
  const jwt = token('did:plc:alice')
  const first = verify(jwt)
  expect(first).toEqual({ did: 'did:plc:alice', scope: 'com.atproto.access' })
  now += 2 * hour - 1
  expect(verify(jwt)).toBe(first)
  now += 1
  expect(() => verify(jwt)).toThrow(expect.objectContaining({ error: 'ExpiredToken' }))
})

it('a rejected token is never cached', () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock })
  const forged = token('did:plc:alice', new TextEncoder().encode('another secret'))
  for (let i = 0; i < 2; i++) {
    expect(() => verify(forged)).toThrow(expect.objectContaining({ error: 'InvalidToken' }))
  }
})

it('the token cache is bounded', () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock }, 1)
  const alice = token('did:plc:alice')
  const first = verify(alice)
  verify(token('did:plc:bob'))
  expect(verify(alice)).not.toBe(first)
  expect(verify(alice)).toEqual(first)
})
