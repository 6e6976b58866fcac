import { generateKeyPairSync } from 'node:crypto'
import { OAuthVerifier } from '@atproto/oauth-provider/verifier'
import { describe, expect, it } from 'vitest'
import { DpopKeyCache } from '#src/gateway/oauth/dpop-key-cache.ts'
import { type DpopClaims, dpopProof } from '#tests/support/oauth-client.ts'

const address = 'https://pds.example.com/xrpc/com.atproto.server.getSession'
const token = 'a token'
const now = Date.now()

/** The library decides: whatever the cache accepts, the library must accept. */
const library = new OAuthVerifier({
  issuer: 'https://pds.example.com',
  keyset: [],
  dpopSecret: new Uint8Array(32),
})
const nonce = library.nextDpopNonce()!
const isNonce = (given: string) => given === nonce

const verifyWithLibrary = (jwt: string) =>
  library.checkDpopProof('GET', new URL(`${address}?a=b`), { dpop: jwt }, token).then(
    (found) => found?.jkt,
    () => undefined,
  )

function newKey(namedCurve: string): object {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' })
}

async function met(namedCurve: string) {
  const jwk = newKey(namedCurve)
  const keys = new DpopKeyCache()
  const make = (claims: DpopClaims = {}) =>
    dpopProof(jwk, { htu: address, token, nonce, ...claims })
  const check = (jwt: string) =>
    keys.verify(jwt, { method: 'GET', url: address, token, isValidNonce: isNonce, now })?.jkt
  const first = make()
  expect(check(first)).toBeUndefined()
  const jkt = (await verifyWithLibrary(first))!
  keys.remember(first, jkt)
  return { jkt, make, check }
}

describe.each(['secp256k1', 'P-256', 'P-384', 'P-521'])('a key of %s', (curve) => {
  it('a DPoP key of %s is imported once, and its later proofs are accepted as the library does', async () => {
    const { jkt, make, check } = await met(curve)
    for (const jwt of [make(), make({ iat: now / 1000 - 150 }), make({ iat: now / 1000 + 150 })]) {
      expect(check(jwt)).toBe(jkt)
      expect(await verifyWithLibrary(jwt)).toBe(jkt)
    }
  })

  it('a DPoP key of %s rejects the signature of another key', async () => {
    const { make, check } = await met(curve)
    const [header, claims, signature] = make().split('.') as [string, string, string]
    const other = make().split('.')[2]!
    const forged = [
      `${header}.${claims}.${other}`,
      `${header}.${make({ jti: 'another' }).split('.')[1]}.${signature}`,
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${claims}.${signature}.x`,
      `${header}.${claims}.${'A'.repeat(signature.length)}`,
      dpopProof(newKey(curve), { htu: address, token, nonce }),
    ]
    expect(forged.map(check)).toEqual(forged.map(() => undefined))
  })
})

it.each<[string, DpopClaims]>([
  ['another method', { htm: 'POST' }],
  ['another address', { htu: 'https://pds.example.com/' }],
  ['another token', { token: 'another' }],
  ['no token', { token: undefined }],
  ['an unknown nonce', { nonce: 'made up' }],
  ['no nonce', { nonce: undefined }],
  ['the past', { iat: now / 1000 - 200 }],
  ['the future', { iat: now / 1000 + 200 }],
  ['no name', { jti: '' }],
])('a DPoP proof for %s is not accepted by the cache', async (_, claims) => {
  const { make, check } = await met('P-256')
  const jwt = make(claims)
  expect(check(jwt)).toBeUndefined()
  expect(await verifyWithLibrary(jwt)).toBeUndefined()
})
