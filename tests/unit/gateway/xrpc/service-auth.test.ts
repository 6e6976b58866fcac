/** Verification of service tokens, with tokens and verdicts of the library too. */
import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { createServiceJwt, verifyJwt } from '@atproto/xrpc-server'
import { describe, expect, it } from 'vitest'
import { type IssuerResolver, verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken, type ServiceClaims } from '#src/protocol/service-token.ts'
import { decodeToken } from '#tests/support/session-tokens.ts'

const iss = 'did:plc:abcdefghijklmnopqrstuvwx'
const aud = 'did:web:pds.example.com'
const lxm = 'com.example.method'
const { key } = newSigningKey()
const now = Math.floor(Date.now() / 1000)

function token(claims: Partial<ServiceClaims> = {}, signer = key): string {
  const jti = '0'.repeat(32)
  return createServiceToken({ iss, aud, lxm, iat: now, exp: now + 60, jti, ...claims }, signer)
}

/** Resolves to a document with the first key from the cache, and to the next keys on refresh. */
function resolver(...keys: string[]) {
  const requests: string[] = []
  const documentOf = (didKey: string | undefined) =>
    didKey === undefined
      ? undefined
      : {
          id: iss,
          verificationMethod: ['atproto', 'atproto_label'].map((id) => ({
            id: `#${id}`,
            type: 'Multikey',
            controller: iss,
            publicKeyMultibase: didKey.replace('did:key:', ''),
          })),
        }
  return {
    requests,
    async resolve() {
      requests.push('kept')
      return documentOf(keys[0])
    },
    async refresh(_did: string, options?: { isLimited?: boolean }) {
      requests.push(options?.isLimited ? 'fresh' : 'fresh without limit')
      return documentOf(keys.at(-1))
    },
  }
}

const verify = (text: string, known: IssuerResolver = resolver(key.did()), terms = {}) =>
  verifyServiceAuth(text, { aud, lxm, ...terms }, known)

describe('a service token', () => {
  it('a service token is what the library creates and verifies', async () => {
    const ours = token()
    expect(await verifyJwt(ours, aud, lxm, async () => key.did())).toMatchObject({ iss, aud, lxm })
    for (const keypair of [await Secp256k1Keypair.create(), await P256Keypair.create()]) {
      const theirs = await createServiceJwt({ iss, aud, lxm, keypair })
      expect(await verify(theirs, resolver(keypair.did()))).toEqual({ iss })
      const [a, b] = [decodeToken(ours), decodeToken(theirs)]
      expect(Object.keys(a.claims)).toEqual(Object.keys(b.claims))
      expect(Object.keys(a.header)).toEqual(Object.keys(b.header))
    }
  })

  it('a service token for any method has no lxm', () => {
    expect(decodeToken(token({ lxm: undefined })).claims).not.toHaveProperty('lxm')
  })

  it('a service token of a labeler is verified with its own key', async () => {
    const labeler = `${iss}#atproto_labeler`
    expect(await verify(token({ iss: labeler }))).toEqual({ iss: labeler })
  })

  it('a service token that fails is verified again with a refreshed document: keys are rotated', async () => {
    const rotated = resolver(newSigningKey().key.did(), key.did())
    expect(await verify(token(), rotated)).toEqual({ iss })
    expect(rotated.requests).toEqual(['kept', 'fresh'])
    const forged = resolver(newSigningKey().key.did())
    await expect(verify(token(), forged)).rejects.toMatchObject({ error: 'BadJwtSignature' })
    expect(forged.requests).toEqual(['kept', 'fresh'])
  })

  const [head, body, signature] = token().split('.')
  const header = (value: object) =>
    [Buffer.from(JSON.stringify(value)).toString('base64url'), body, signature].join('.')
  it.each([
    ['that is not a JWT', 'nonsense', 'BadJwt'],
    ['of two parts', `${head}.${body}`, 'BadJwt'],
    ['whose parts are not JSON', 'a.b.c', 'BadJwt'],
    ['that is too long', `${head}.${body}.${'A'.repeat(20_000)}`, 'BadJwt'],
    ['without an algorithm', header({ typ: 'JWT' }), 'BadJwt'],
    ['of a session', header({ typ: 'at+jwt', alg: 'ES256K' }), 'BadJwtType'],
    ['to refresh', header({ typ: 'refresh+jwt', alg: 'ES256K' }), 'BadJwtType'],
    ['of DPoP', header({ typ: 'dpop+jwt', alg: 'ES256K' }), 'BadJwtType'],
    ['that says another algorithm', header({ typ: 'JWT', alg: 'ES256' }), 'BadJwtSignature'],
    ['without a signature', `${head}.${body}.`, 'BadJwtSignature'],
    ['that has expired', token({ exp: now - 1 }), 'JwtExpired'],
    ['for another service', token({ aud: 'did:web:other.example' }), 'BadJwtAudience'],
    ['for another method', token({ lxm: 'com.example.other' }), 'BadJwtLexiconMethod'],
    ['for any method', token({ lxm: undefined }), 'BadJwtLexiconMethod'],
    ['with a malformed issuer', token({ iss: 'nobody' }), 'BadJwtIss'],
    ['of a service without a name', token({ iss: `${iss}#` }), 'BadJwtIss'],
  ])('a service token %s is rejected', async (_, text, error) => {
    await expect(verify(text)).rejects.toMatchObject({ status: 401, error })
  })

  it('a service token is rejected if its issuer is unknown, has no key, or is not allowed', async () => {
    const unknown = { ...resolver(), resolve: async () => undefined }
    await expect(verify(token(), unknown)).rejects.toMatchObject({ status: 401 })
    const keyless = { ...resolver(), resolve: async () => ({ id: iss }) }
    await expect(verify(token(), keyless)).rejects.toMatchObject({ status: 401 })
    const others = { iss: ['did:web:mod.example'] }
    const refused = verify(token(), resolver(key.did()), others)
    await expect(refused).rejects.toMatchObject({ status: 401, error: 'UntrustedIss' })
  })
})
