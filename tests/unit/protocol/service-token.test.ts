import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { createServiceJwt, verifyJwt } from '@atproto/xrpc-server'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, it } from 'vitest'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  claimedMethod,
  createServiceToken,
  isSignedBy,
  parseServiceToken,
  type ServiceClaims,
  tokenType,
} from '#src/protocol/service-token.ts'
import { fixtureCases } from '#tests/support/fixtures.ts'

const { key } = newSigningKey()
const now = Math.floor(Date.now() / 1000)
const claims: ServiceClaims = {
  iat: now,
  iss: 'did:plc:abcdefghijklmnopqrstuvwx',
  aud: 'did:web:pds.example.com',
  exp: now + 60,
  lxm: 'com.example.method',
  jti: '0'.repeat(32),
}
const { iss, aud, lxm } = claims

/** A token of any header and claims, without a signature. */
function unsigned(header: unknown, body: unknown): string {
  return [header, body, 'x']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

// A byte more or less is another length of the last group in base64url.
it.each(['a', 'ab', 'abc', 'abcd'])(
  'createServiceToken for did:web:%s is accepted and read by @atproto/xrpc-server and jose',
  async (name) => {
    const audience = `did:web:${name}`
    const token = createServiceToken({ ...claims, aud: audience }, key)
    const verified = await verifyJwt(token, audience, lxm!, async () => key.did())
    expect(verified).toMatchObject({ iss, aud: audience, lxm })
    expect(decodeJwt(token)).toEqual({ ...claims, aud: audience })
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: 'ES256K' })
  },
)

it.each([
  ['secp256k1', Secp256k1Keypair, 'ES256K'],
  ['P-256', P256Keypair, 'ES256'],
] as const)(
  'parseServiceToken reads a token that a %s key of @atproto signed',
  async (_, Keypair, alg) => {
    const keypair = await Keypair.create()
    const opened = parseServiceToken(await createServiceJwt({ iss, aud, lxm: lxm!, keypair }))!
    expect(opened.header).toEqual({ alg, typ: 'JWT' })
    expect(opened.claims).toMatchObject({ iss, aud, lxm })
    await expect(isSignedBy(keypair.did(), opened)).resolves.toBe(true)
    await expect(isSignedBy(key.did(), opened))
      .resolves.toBe(false)
      .catch(() => {})
  },
)

it('isSignedBy rejects a did:key that is malformed', async () => {
  const opened = parseServiceToken(createServiceToken(claims, key))!
  await expect(isSignedBy(key.did(), opened)).resolves.toBe(true)
  await expect(isSignedBy('did:key:nonsense', opened)).rejects.toThrow('multikey')
})

interface SignatureCase {
  messageBase64: string
  algorithm: string
  publicKeyDid: string
  signatureBase64: string
  tags: string[]
}

it.each(
  fixtureCases<SignatureCase>('crypto/signature-fixtures.json')
    .filter(({ tags }) => tags.includes('high-s'))
    .map((signature) => [signature.algorithm, signature] as const),
)('isSignedBy takes the high-S signature of the %s fixture', async (alg, signature) => {
  const token = {
    header: { alg },
    claims: { iss, aud, exp: claims.exp },
    signed: Buffer.from(signature.messageBase64, 'base64'),
    signature: Buffer.from(signature.signatureBase64, 'base64'),
  }
  await expect(isSignedBy(signature.publicKeyDid, token)).resolves.toBe(true)
})

it('a service token of 8,192 characters is read, and a longer one is not', () => {
  const token = createServiceToken(claims, key)
  const longest = token.padEnd(8192, 'A')
  expect(parseServiceToken(longest)?.claims).toMatchObject({ iss, aud, lxm })
  expect([tokenType(longest), claimedMethod(longest)]).toEqual(['JWT', lxm])
  const longer = `${longest}A`
  expect(parseServiceToken(longer)).toBeUndefined()
  expect([tokenType(longer), claimedMethod(longer)]).toEqual([undefined, undefined])
})

const header = { typ: 'JWT', alg: 'ES256K' }

const endless = Buffer.from(
  JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e999'),
).toString('base64url')

it.each<[string, string]>([
  [
    'an end too large to ever come',
    unsigned({ alg: 'ES256K' }, {}).replace(/\..*\./, `.${endless}.`),
  ],
  ['two parts', unsigned(header, claims).split('.').slice(0, 2).join('.')],
  ['four parts', `${unsigned(header, claims)}.x`],
  ['a header that is no JSON', `x.${unsigned(header, claims).split('.')[1]}.x`],
  ['a header that is text', unsigned('x', claims)],
  ['a header that is null', unsigned(null, claims)],
  ['no algorithm', unsigned({ typ: 'JWT' }, claims)],
  ['claims that are text', unsigned(header, 'x')],
  ['no issuer', unsigned(header, { ...claims, iss: undefined })],
  ['no audience', unsigned(header, { ...claims, aud: undefined })],
  ['audiences in a list', unsigned(header, { ...claims, aud: [aud] })],
  ['no expiry', unsigned(header, { ...claims, exp: undefined })],
  ['an expiry that is text', unsigned(header, { ...claims, exp: '1' })],
  ['a method that is a number', unsigned(header, { ...claims, lxm: 1 })],
])('parseServiceToken refuses a token with %s', (_, token) => {
  expect(parseServiceToken(token)).toBeUndefined()
})

it.each([
  [undefined, undefined],
  [null, undefined],
  [0, undefined],
  ['', ''],
])('parseServiceToken reads the method %j as %j', (lxm, expected) => {
  const opened = parseServiceToken(unsigned(header, { ...claims, lxm }))
  expect(opened?.claims).toEqual({ iss, aud, exp: claims.exp, lxm: expected })
})

it('tokenType and claimedMethod read what is no token as nothing', () => {
  for (const text of ['', '.', 'x', 'x.y', 'x.y.z', unsigned(1, [])]) {
    expect([tokenType(text), claimedMethod(text)]).toEqual([undefined, undefined])
  }
})
