/** Moderators: the admin, and the moderation service with its own tokens. */
import { describe, expect, test } from 'vitest'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken, type ServiceClaims } from '#src/protocol/service-token.ts'
import {
  asAccount,
  asAdmin,
  did,
  get,
  moderationServiceDid,
  now,
  openGateway,
  outcome,
  post,
} from '#tests/support/gateway.ts'

const admin = (name: string) => `com.atproto.admin.${name}`
const getStatus = admin('getSubjectStatus')
const state = { status: 'active', takedownRef: null, deactivatedAt: null }

const account = { moderation: { getState: () => state } }

describe('a moderator', () => {
  const { key } = newSigningKey()
  const id = (fragment: string) => `${moderationServiceDid}#${fragment}`
  const publicKeyMultibase = (name: string) => name.slice('did:key:'.length)
  const document = {
    id: moderationServiceDid,
    verificationMethod: ['atproto', 'atproto_label'].map((name) => ({
      id: id(name),
      type: 'Multikey',
      controller: moderationServiceDid,
      publicKeyMultibase: publicKeyMultibase(key.did()),
    })),
  }
  const resolver = { resolve: async () => document, refresh: async () => document }
  const claims: ServiceClaims = {
    iat: now / 1000,
    exp: now / 1000 + 60,
    iss: moderationServiceDid,
    aud: 'did:web:localhost',
    lxm: getStatus,
    jti: 'one',
  }
  const ask = (authorization?: string) =>
    outcome(
      get(
        openGateway({ account }, { server: { resolver } as never }),
        `${getStatus}?did=${did}`,
        authorization === undefined ? {} : { authorization },
      ),
    )
  const asService = (changes: Partial<ServiceClaims> = {}, signer = key) =>
    ask(`Bearer ${createServiceToken({ ...claims, ...changes }, signer)}`)

  test('a moderator may be the admin, with the password', async () => {
    expect(await ask(asAdmin().authorization)).toMatchObject({ status: 200 })
    expect(await ask(asAdmin('wrong').authorization)).toMatchObject({ status: 401 })
    expect(await ask()).toMatchObject({ status: 401, error: 'AuthenticationRequired' })
  })

  test.each([moderationServiceDid, id('atproto_labeler')])(
    'a moderator may be the moderation service as %s',
    async (iss) => {
      expect(await asService({ iss })).toMatchObject({ status: 200 })
    },
  )

  test('a moderator may not be another service', async () => {
    const iss = 'did:web:other.example.com'
    expect(await asService({ iss })).toMatchObject({ status: 401, error: 'UntrustedIss' })
  })

  test('a moderator may not be an account', async () => {
    expect(await ask(asAccount().authorization)).toMatchObject({ status: 401 })
  })

  test.each([
    ['for another server', { aud: 'did:web:elsewhere' }, 'BadJwtAudience'],
    ['for another method', { lxm: admin('updateSubjectStatus') }, 'BadJwtLexiconMethod'],
    ['that is over', { exp: now / 1000 - 1 }, 'JwtExpired'],
  ])('a moderator token is rejected %s', async (_, changes, error) => {
    expect(await asService(changes)).toMatchObject({ status: 401, error })
  })

  test('a moderator token must be signed with the key of the service', async () => {
    const forged = await asService({}, newSigningKey().key)
    expect(forged).toMatchObject({ status: 401, error: 'BadJwtSignature' })
  })

  test('only the admin is a moderator if no moderation service is configured', async () => {
    const authority = { serviceDid: claims.aud, jwtSecret: new Uint8Array(32), adminPassword: 'x' }
    const authenticate = authenticator({ ...authority, clock: { now: () => now }, resolver })
    const header = `Bearer ${createServiceToken(claims, key)}`
    const attempt = Promise.resolve(authenticate('moderator', header, getStatus))
    await expect(attempt).rejects.toMatchObject({ status: 401, error: 'UntrustedIss' })
  })

  test.each([
    'updateAccountEmail',
    'updateAccountHandle',
    'updateAccountPassword',
    'updateAccountSigningKey',
    'deleteAccount',
  ])('the moderation service may not call %s', async (name) => {
    const token = createServiceToken({ ...claims, lxm: admin(name) }, key)
    const authorization = `Bearer ${token}`
    const answer = await outcome(
      post(
        openGateway({ account }, { server: { resolver } as never }),
        admin(name),
        {},
        { authorization },
      ),
    )
    expect(answer).toMatchObject({ status: 401, error: 'AuthenticationRequired' })
  })
})
