import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  appPasswordIdOf,
  issueTokens,
  newTokenId,
  sessionIdOf,
  verifyAccess,
  verifyRefresh,
} from '#src/rules/session-tokens.ts'
import { signToken } from '#tests/support/session-tokens.ts'

const secret = new Uint8Array(32).fill(5)
const audience = 'did:web:pds.test'
const now = Date.parse('2026-01-01T00:00:00Z')
const terms = { secret, audience, now }
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const issued = await issueTokens({ did, tokenId: 'an-id' }, terms)

/** A token with any type, claims and key. */
function forge(typ: string, claims: Record<string, unknown>, key = secret): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ }).sign(key)
}

const seconds = now / 1000
const access = {
  scope: 'com.atproto.access',
  aud: audience,
  sub: did,
  iat: seconds,
  exp: seconds + 60,
}
const refused = { status: 400, error: 'InvalidToken' }
const refresh = { ...access, scope: 'com.atproto.refresh', jti: 'an-id' }

describe('issued tokens', () => {
  it("session tokens have the reference's claims, and access tokens the id of their session", () => {
    expect(decodeProtectedHeader(issued.accessJwt)).toEqual({ typ: 'at+jwt', alg: 'HS256' })
    expect(decodeJwt(issued.accessJwt)).toEqual({
      scope: 'com.atproto.access',
      aud: audience,
      sub: did,
      iat: seconds,
      exp: seconds + 120 * 60,
      sid: sessionIdOf('an-id'),
    })
    expect(decodeProtectedHeader(issued.refreshJwt)).toEqual({ typ: 'refresh+jwt', alg: 'HS256' })
    expect(decodeJwt(issued.refreshJwt)).toEqual({
      scope: 'com.atproto.refresh',
      aud: audience,
      sub: did,
      jti: 'an-id',
      iat: seconds,
      exp: seconds + 90 * 24 * 60 * 60,
    })
  })

  it('session tokens are verified by jose', async () => {
    for (const token of Object.values(issued)) {
      await jwtVerify(token, secret, { audience, currentDate: new Date(now) })
    }
  })

  it('session token ids are 32 random bytes in base64', () => {
    expect(Buffer.from(newTokenId(), 'base64')).toHaveLength(32)
    expect(newTokenId()).not.toBe(newTokenId())
  })
})

describe('verification', () => {
  it('verifyAccess accepts an issued token until it expires', async () => {
    const last = now + 120 * 60_000
    const sessionId = sessionIdOf('an-id')
    const caller = { did, scope: 'com.atproto.access', expiresAt: last, sessionId }
    expect(await verifyAccess(issued.accessJwt, terms)).toEqual(caller)
    expect(await verifyAccess(issued.accessJwt, { ...terms, now: last - 1 })).toEqual(caller)
    await expect(verifyAccess(issued.accessJwt, { ...terms, now: last })).rejects.toMatchObject({
      ...{ status: 400, error: 'ExpiredToken', message: 'Token has expired' },
    })
  })

  it('an access token names its session and app password by hashes, and one of an earlier release does not', async () => {
    const session = { did, tokenId: 'later', sessionId: 'the-session', appPasswordName: 'my bot' }
    const { accessJwt } = await issueTokens(session, terms)
    expect(await verifyAccess(accessJwt, terms)).toMatchObject({
      sessionId: 'the-session',
      appPassword: appPasswordIdOf('my bot'),
    })
    expect(JSON.stringify(decodeJwt(accessJwt))).not.toMatch(/my bot|later/)
    const { sid: _, ...earlier } = decodeJwt(issued.accessJwt)
    const jwt = new SignJWT(earlier).setProtectedHeader({ typ: 'at+jwt', alg: 'HS256' })
    const caller = await verifyAccess(await jwt.sign(secret), terms)
    expect(Object.keys(caller).sort()).toEqual(['did', 'expiresAt', 'scope'])
  })

  it('verifyRefresh accepts an expired token only if allowed', async () => {
    const expiresAt = now + 90 * 24 * 60 * 60_000
    expect(await verifyRefresh(issued.refreshJwt, terms)).toEqual({ did, jti: 'an-id', expiresAt })
    const later = { ...terms, now: expiresAt }
    await expect(verifyRefresh(issued.refreshJwt, later)).rejects.toMatchObject({
      ...{ status: 400, error: 'ExpiredToken' },
    })
    const allowed = { ...later, allowExpired: true }
    expect((await verifyRefresh(issued.refreshJwt, allowed)).jti).toBe('an-id')
  })

  it('tokens signed by jose are verified', async () => {
    const open = async (claims: object) => verifyAccess(await forge('at+jwt', { ...claims }), terms)
    expect((await open(access)).did).toBe(did)
    expect((await open({ ...access, scope: 'com.atproto.appPass' })).scope).toBe(
      'com.atproto.appPass',
    )
    expect((await verifyRefresh(await forge('refresh+jwt', refresh), terms)).did).toBe(did)
  })

  const without = (name: string) => ({ ...access, [name]: undefined })
  // JSON.stringify cannot write it.
  const endless = (typ: string, { exp: _, ...claims }: Record<string, unknown>) => {
    const body = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e999')
    const parts = [JSON.stringify({ typ, alg: 'HS256' }), body]
    const signed = parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
    return `${signed}.${createHmac('sha256', terms.secret).update(signed).digest('base64url')}`
  }
  const foreignKey = new Uint8Array(32).fill(6)
  it.each([
    ['of another secret', forge('at+jwt', access, foreignKey)],
    ['for another audience', forge('at+jwt', { ...access, aud: 'did:web:other.test' })],
    ['without an audience', forge('at+jwt', without('aud'))],
    ['of a service (lxm)', forge('at+jwt', { ...access, lxm: 'com.atproto.repo.getRecord' })],
    ['bound to a key (cnf)', forge('at+jwt', { ...access, cnf: { jkt: 'x' } })],
    ['of a type of its own', forge('JWT', access)],
    ['that is a refresh token', forge('refresh+jwt', refresh)],
    ['with the scope of a refresh token', forge('at+jwt', refresh)],
    ['with an unknown scope', forge('at+jwt', { ...access, scope: 'everything' })],
    ['without a scope', forge('at+jwt', without('scope'))],
    ['without a subject', forge('at+jwt', without('sub'))],
    ['whose subject is no DID', forge('at+jwt', { ...access, sub: 'alice.test' })],
    ['without an end', forge('at+jwt', without('exp'))],
    ['whose end is too large to ever come', Promise.resolve(endless('at+jwt', access))],
    ['whose end is no number', forge('at+jwt', { ...access, exp: undefined, expires: 'never' })],
  ])('an access token is rejected %s', async (_, token) => {
    await expect(verifyAccess(await token, terms)).rejects.toMatchObject({
      ...{ status: 400, error: 'InvalidToken' },
    })
  })

  it('a refresh token without an id is rejected, and an access token in its place', async () => {
    for (const token of [
      await forge('refresh+jwt', { ...refresh, jti: undefined }),
      await forge('refresh+jwt', access),
      issued.accessJwt,
    ]) {
      await expect(verifyRefresh(token, { ...terms, allowExpired: true })).rejects.toMatchObject({
        ...{ status: 400, error: 'InvalidToken' },
      })
    }
  })

  it('a token with another algorithm is rejected', async () => {
    const [, body] = issued.accessJwt.split('.')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const token of [`${none}.${body}.`, `${none}.${body}`, `${none}.${body}.AAAA`]) {
      await expect(verifyAccess(token, terms)).rejects.toThrow('could not be verified')
    }
  })

  it.each(['HS384', 'HS512', 'hs256', undefined])(
    'a token signed with the secret is rejected if its header says alg %j',
    async (alg) => {
      const token = (header: object) => signToken({ typ: 'at+jwt', ...header }, access, secret)
      expect((await verifyAccess(token({}), terms)).did).toBe(did)
      await expect(verifyAccess(token({ alg }), terms)).rejects.toMatchObject(refused)
    },
  )

  it.each(['sub', 'exp', 'aud', 'scope'])(
    'a token is rejected if its %s has another type',
    async (name) => {
      const forged = forge('at+jwt', { ...access, [name]: name === 'exp' ? '1' : 1 })
      await expect(verifyAccess(await forged, terms)).rejects.toMatchObject(refused)
    },
  )

  it('a token with one changed character is rejected, and any other text', async () => {
    const token = issued.accessJwt
    // The last two bits of the last character say nothing.
    const signature = (text: string) => Buffer.from(text.split('.')[2] ?? '', 'base64url')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...'aZ0_-.'),
        async (at, letter) => {
          fc.pre(token[at] !== letter)
          const changed = token.slice(0, at) + letter + token.slice(at + 1)
          fc.pre(at < token.length - 1 || !signature(changed).equals(signature(token)))
          await expect(verifyAccess(changed, terms)).rejects.toMatchObject(refused)
        },
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        await expect(verifyAccess(text, terms)).rejects.toMatchObject(refused)
      }),
    )
  })
})
