import { describe, expect, it } from 'vitest'
import {
  asAccount,
  asAdmin,
  did,
  get,
  now,
  openGateway,
  outcome,
  post,
  withRefreshToken,
} from '#tests/support/gateway.ts'

const hour = 60 * 60 * 1000
const getSession = 'com.atproto.server.getSession'
const session = { did, handle: 'alice.test' }
const tokens = { accessJwt: 'a', refreshJwt: 'r' }

function gateway() {
  return openGateway({
    account: {
      session: {
        getSession: () => session,
        refreshSession: () => ({ ...session, ...tokens }),
        deleteSession: () => undefined,
      },
      sync: { getLatestCommit: (reader: string) => ({ cid: 'bafy', rev: reader }) },
    },
  })
}

function ask(authorization?: string) {
  return outcome(get(gateway(), getSession, authorization === undefined ? {} : { authorization }))
}

describe('an access token', () => {
  it('an access token is accepted', async () => {
    const response = await get(gateway(), getSession, asAccount())
    expect(await response.json()).toEqual(session)
    expect(response.headers.get('cache-control')).toBe('private')
    expect(response.headers.get('vary')).toContain('Authorization')
  })

  it.each(['com.atproto.appPass', 'com.atproto.appPassPrivileged'])(
    'an access token may have the scope %s',
    async (scope) => {
      expect((await get(gateway(), getSession, asAccount(did, { scope }))).status).toBe(200)
    },
  )

  it('an expired access token is rejected with 400 ExpiredToken, on which clients refresh', async () => {
    const { authorization } = asAccount(did, { at: now - 3 * hour })
    expect(await ask(authorization)).toEqual({
      status: 400,
      error: 'ExpiredToken',
      message: 'Token has expired',
    })
  })

  it.each([
    ['forged', `${asAccount().authorization.slice(0, -4)}AAAA`],
    ['garbage', 'Bearer abc'],
    [
      'of no signature',
      `Bearer ${asAccount().authorization.slice(7).split('.').slice(0, 2).join('.')}.`,
    ],
    ['a refresh token', withRefreshToken().authorization],
    ['of another scope', asAccount(did, { scope: 'com.atproto.takendown' }).authorization],
    ['another kind of credentials', asAdmin().authorization],
  ])('an access token is rejected if it is %s', async (_, authorization) => {
    expect(await ask(authorization)).toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it.each([undefined, ''])(
    'the Authorization header %o answers AuthMissing',
    async (authorization) => {
      expect(await ask(authorization)).toMatchObject({ status: 401, error: 'AuthMissing' })
    },
  )

  it.each([
    ['Bearer', 400, 'InvalidToken'],
    ['Bearer ', 400, 'InvalidToken'],
    ['Bearer  abc', 400, 'InvalidToken'],
    ['Bearer abc def', 400, 'InvalidToken'],
    ['abc', 400, 'InvalidToken'],
    ['Token abc', 400, 'InvalidToken'],
    ['DPoP abc', 401, 'invalid_token'],
  ])('the Authorization header %o is not an access token', async (authorization, status, error) => {
    expect(await ask(authorization)).toMatchObject({ status, error })
  })

  it('the Bearer scheme is matched in any case', async () => {
    for (const scheme of ['bearer', 'BEARER']) {
      const authorization = asAccount().authorization.replace('Bearer', scheme)
      expect((await get(gateway(), getSession, { authorization })).status).toBe(200)
    }
  })
})

describe('the scope of an access token', () => {
  const scopes = ['access', 'appPassPrivileged', 'appPass', 'takendown', 'signupQueued']
  const all = scopes.map((name) => `com.atproto.${name}`)

  it.each([
    ['account', 'access appPassPrivileged appPass'],
    ['privileged account', 'access appPassPrivileged'],
    ['full account', 'access'],
    ['account or takendown', 'access appPassPrivileged appPass takendown'],
    ['full account or takendown', 'access takendown'],
    ['account or queued', 'access appPassPrivileged appPass signupQueued'],
  ] as const)('for %s is one of %s', async (kind, wanted) => {
    const authenticate = openGateway().authenticate
    const admitted: string[] = []
    for (const scope of all) {
      const { authorization } = asAccount(did, { scope })
      try {
        await authenticate(kind, authorization, getSession)
        admitted.push(scope)
      } catch (error) {
        expect(error).toMatchObject({ status: 400, error: 'InvalidToken' })
      }
    }
    expect(admitted).toEqual(wanted.split(' ').map((name) => `com.atproto.${name}`))
  })
})

describe('a refresh token', () => {
  const refresh = (headers: Record<string, string>) =>
    gatewayPost('com.atproto.server.refreshSession', headers)
  const logOut = (headers: Record<string, string>) =>
    gatewayPost('com.atproto.server.deleteSession', headers)

  function gatewayPost(method: string, headers: Record<string, string>) {
    const open = gateway()
    const response = open.app.request(`/xrpc/${method}`, { method: 'POST', headers })
    return { open, response: Promise.resolve(response) }
  }

  it('a refresh token is accepted for refreshSession', async () => {
    const { open, response } = refresh(withRefreshToken())
    expect(await (await response).json()).toEqual({ ...session, ...tokens })
    expect(open.calls.at(-1)).toEqual(['session.refreshSession', { tokenId: 'one' }])
  })

  it('a refresh token is rejected as an access token, and the reverse', async () => {
    const { response } = refresh(asAccount())
    expect(await outcome(response)).toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it('a refresh token in other credentials answers AuthMissing', async () => {
    for (const headers of [{}, asAdmin(), { authorization: 'DPoP abc' }]) {
      const { response } = refresh(headers)
      expect(await outcome(response)).toMatchObject({ status: 401, error: 'AuthMissing' })
    }
  })

  it('a refresh token of another service is rejected', async () => {
    const { response } = refresh(withRefreshToken({ audience: 'did:web:elsewhere.example' }))
    expect(await outcome(response)).toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it('an expired refresh token is rejected by refreshSession, but accepted by deleteSession', async () => {
    const old = withRefreshToken({ at: now - 100 * 24 * hour })
    expect(await outcome(refresh(old).response)).toMatchObject({
      status: 400,
      error: 'ExpiredToken',
    })
    const response = await logOut(old).response
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })
})

describe('a read', () => {
  const reads = async (headers: Record<string, string>) => {
    const path = `com.atproto.sync.getLatestCommit?did=${did}`
    return (await (await get(gateway(), path, headers)).json()) as { rev?: string; error?: string }
  }

  it('a read is open to unauthenticated callers, the account itself and the admin', async () => {
    expect(await reads({})).toMatchObject({ rev: 'anyone' })
    expect(await reads(asAccount())).toMatchObject({ rev: 'self' })
    expect(await reads(asAccount('did:plc:strangerstrangerstranger'))).toMatchObject({
      rev: 'anyone',
    })
    expect(await reads(asAdmin())).toMatchObject({ rev: 'admin' })
  })

  it('a read of repo and blobs is open to the owner of an account that is taken down', async () => {
    const headers = asAccount(did, { scope: 'com.atproto.takendown' })
    expect(await reads(headers)).toMatchObject({ error: 'InvalidToken' })
    const list = (_: object, reader: string) => ({ cids: [reader] })
    const open = openGateway({ account: { blob: { list } } })
    const answer = await get(open, `com.atproto.sync.listBlobs?did=${did}`, headers)
    expect(await answer.json()).toEqual({ cids: ['self'] })
  })

  it('a read with invalid credentials is rejected', async () => {
    expect(await reads(asAdmin('guess'))).toMatchObject({ error: 'AuthenticationRequired' })
    expect(await reads({ authorization: 'DPoP abc' })).toMatchObject({ error: 'invalid_token' })
    expect(await reads({ authorization: 'Token abc' })).toMatchObject({ error: 'InvalidToken' })
  })
})

it('a method without authentication ignores credentials', async () => {
  const open = openGateway()
  const response = await get(open, 'com.atproto.server.describeServer', {
    authorization: 'nonsense',
  })
  expect(response.status).toBe(200)
  expect((await post(open, 'com.atproto.server.createAccount', { handle: 'a.test' })).status).toBe(
    200,
  )
})
