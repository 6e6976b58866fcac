import { AtpAgent } from '@atproto/api'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeToken, forgeToken } from '#tests/support/session-tokens.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const secret = 'a secret that only the tests know'
const hour = 3600

interface Session {
  did: string
  accessJwt: string
  refreshJwt: string
}

let unused: Session[]
const { server, alice } = await serverWithAccounts(['alice'], { env: { PDS_JWT_SECRET: secret } })
beforeAll(async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => createSession(alice.did)))
  unused = answers.map(({ body }) => body as Session)
})

function createSession(identifier: string, password = alice.password) {
  return call(server, 'server.createSession', { body: { identifier, password } })
}

/** A session that no other test uses. */
function session(): Session {
  return unused.pop()!
}

const getSession = (token: string) => call(server, 'server.getSession', { as: `Bearer ${token}` })
const refresh = (token: string) =>
  call(server, 'server.refreshSession', { verb: 'POST', as: `Bearer ${token}` })
const deleteSession = (token: string) =>
  call(server, 'server.deleteSession', { verb: 'POST', as: `Bearer ${token}` })

const profile = { email: 'alice@example.com', emailConfirmed: false, active: true }

describe('createSession', () => {
  it.each(['alice.test', 'Alice.TEST', 'alice@example.com', 'ALICE@example.com'])(
    'createSession accepts the identifier %s',
    async (identifier) => {
      const { status, body } = await createSession(identifier)
      expect(status).toBe(200)
      expect(body).toMatchObject({ did: alice.did, handle: alice.handle, ...profile })
    },
  )

  it('createSession answers a wrong password and an unknown account alike, after the same minimum time', async () => {
    const timed = async (name: string) => {
      const began = performance.now()
      const answer = await createSession(name, 'wrong')
      return { ...answer, ms: performance.now() - began }
    }
    const unknown = ['nobody.test', 'nobody@example.com', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa']
    for (const { status, body, ms } of await Promise.all([alice.did, ...unknown].map(timed))) {
      expect(status).toBe(401)
      expect(ms).toBeGreaterThan(340)
      expect(body).toEqual({
        error: 'AuthenticationRequired',
        message: 'Invalid identifier or password',
      })
    }
  })

  it('createSession rejects passwords over 512 characters', async () => {
    expect(await statusAndError(createSession(alice.did, 'x'.repeat(513)))).toEqual([
      401,
      'AuthenticationRequired',
    ])
  })

  it('createSession returns tokens as the reference does', async () => {
    const { accessJwt, refreshJwt } = session()
    const access = decodeToken(accessJwt)
    expect(access.header).toEqual({ typ: 'at+jwt', alg: 'HS256' })
    const aud = 'did:web:localhost'
    expect(access.claims).toMatchObject({ scope: 'com.atproto.access', aud, sub: alice.did })
    expect(Number(access.claims['exp']) - Number(access.claims['iat'])).toBe(2 * hour)
    expect(access.claims).not.toHaveProperty('jti')
    const { header, claims } = decodeToken(refreshJwt)
    expect(header).toEqual({ typ: 'refresh+jwt', alg: 'HS256' })
    expect(claims).toMatchObject({ scope: 'com.atproto.refresh', aud, sub: alice.did })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(90 * 24 * hour)
    expect(Buffer.from(String(claims['jti']), 'base64')).toHaveLength(32)
  })
})

describe('getSession', () => {
  it('getSession returns the account', async () => {
    const { data } = await alice.agent.com.atproto.server.getSession()
    expect(data).toEqual({ did: alice.did, handle: alice.handle, ...profile })
  })

  it('a client can resume its session', async () => {
    const agent = new AtpAgent({ service: server.url })
    await agent.resumeSession({ ...session(), handle: alice.handle, active: true })
    expect(agent.did).toBe(alice.did)
  })

  it('getSession requires an access token', async () => {
    const { headers } = await getSession(session().accessJwt)
    expect(headers.get('cache-control')).toBe('private')
    expect(headers.get('vary')).toContain('Authorization')
  })
})

describe('refreshSession', () => {
  it('refreshSession returns a new session, the same one if repeated', async () => {
    const first = session()
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(first.refreshJwt)))
    answers.push(await refresh(first.refreshJwt))
    const next = answers.map(({ body }) => decodeToken((body as Session).refreshJwt).claims['jti'])
    expect(new Set(next).size).toBe(1)
    expect(next[0]).not.toBe(decodeToken(first.refreshJwt).claims['jti'])
    const { body } = answers[0]!
    expect(body).toMatchObject({ did: alice.did, handle: alice.handle, ...profile })
    expect((await getSession((body as Session).accessJwt)).status).toBe(200)
    expect((await refresh((body as Session).refreshJwt)).status).toBe(200)
  })

  it('a client refreshes its session when its token has expired', async () => {
    const old = session()
    const exp = Math.floor(Date.now() / 1000) - 1
    const accessJwt = forgeToken(old.accessJwt, { claims: { exp }, secret })
    expect(await statusAndError(getSession(accessJwt))).toEqual([400, 'ExpiredToken'])
    const agent = new AtpAgent({ service: server.url })
    agent.sessionManager.session = { ...old, accessJwt, handle: alice.handle, active: true }
    const { data } = await agent.com.atproto.server.getSession()
    expect(data.did).toBe(alice.did)
    expect(agent.session?.accessJwt).not.toBe(accessJwt)
  })

  it('refreshSession rejects access tokens and expired tokens', async () => {
    const { accessJwt, refreshJwt } = session()
    expect(await statusAndError(refresh(accessJwt))).toEqual([400, 'InvalidToken'])
    const expired = forgeToken(refreshJwt, { claims: { exp: 1 }, secret })
    expect(await statusAndError(refresh(expired))).toEqual([400, 'ExpiredToken'])
    const unknown = forgeToken(refreshJwt, { claims: { jti: 'never issued' }, secret })
    expect(await statusAndError(refresh(unknown))).toEqual([400, 'ExpiredToken'])
    const otherToken = forgeToken(refreshJwt, { claims: { sub: 'did:plc:stranger' }, secret })
    expect(await statusAndError(refresh(otherToken))).toEqual([400, 'InvalidRequest'])
  })
})

describe('deleteSession', () => {
  it('deleteSession ends one session and no other', async () => {
    const [doomed, other] = [session(), session()]
    expect(await deleteSession(doomed.refreshJwt)).toMatchObject({ status: 200, body: '' })
    expect(await statusAndError(refresh(doomed.refreshJwt))).toEqual([400, 'ExpiredToken'])
    expect((await refresh(other.refreshJwt)).status).toBe(200)
    expect((await deleteSession(doomed.refreshJwt)).status).toBe(200)
  })

  it("deleteSession ends also the session's predecessors, and accepts an expired token", async () => {
    const first = session()
    const second = (await refresh(first.refreshJwt)).body as Session
    const expired = forgeToken(second.refreshJwt, { claims: { exp: 1 }, secret })
    expect((await deleteSession(expired)).status).toBe(200)
    expect(await statusAndError(refresh(second.refreshJwt))).toEqual([400, 'ExpiredToken'])
    expect(await statusAndError(refresh(first.refreshJwt))).toEqual([400, 'ExpiredToken'])
  })

  it('deleteSession rejects an access token', async () => {
    const { accessJwt } = session()
    expect(await statusAndError(deleteSession(accessJwt))).toEqual([400, 'InvalidToken'])
  })
})
