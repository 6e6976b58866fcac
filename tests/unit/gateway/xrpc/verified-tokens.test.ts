import { beforeEach, expect, it, vi } from 'vitest'
import { tokenVerifier } from '#src/gateway/xrpc/verified-tokens.ts'
import { issueTokens, sessionIdOf } from '#src/rules/session-tokens.ts'

const hour = 60 * 60 * 1000
const jwtSecret = new TextEncoder().encode('a secret of the tests')
const serviceDid = 'did:web:localhost'
let now = Date.UTC(2026, 10, 20)
const clock = { now: vi.fn(() => now) }

beforeEach(() => {
  now = Date.UTC(2026, 10, 20)
})

async function token(did: string, secret = jwtSecret): Promise<string> {
  const context = { secret, audience: serviceDid, now }
  return (await issueTokens({ did, tokenId: 'one' }, context)).accessJwt
}

it('a verified token is accepted from the cache until it expires', async () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock })
  const jwt = await token('did:plc:alice')
  const first = await verify(jwt)
  const sessionId = sessionIdOf('one')
  expect(first).toMatchObject({ did: 'did:plc:alice', scope: 'com.atproto.access', sessionId })
  now += 2 * hour - 1
  expect(await verify(jwt)).toBe(first)
  now += 1
  await expect(verify(jwt)).rejects.toMatchObject({ error: 'ExpiredToken' })
})

it('a rejected token is never cached', async () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock })
  const forged = await token('did:plc:alice', new TextEncoder().encode('another secret'))
  for (let i = 0; i < 2; i++) {
    await expect(verify(forged)).rejects.toMatchObject({ error: 'InvalidToken' })
  }
})

it('the token cache is bounded', async () => {
  const verify = tokenVerifier({ serviceDid, jwtSecret, clock }, 1)
  const alice = await token('did:plc:alice')
  const first = await verify(alice)
  await verify(await token('did:plc:bob'))
  expect(await verify(alice)).not.toBe(first)
  expect(await verify(alice)).toEqual(first)
})
