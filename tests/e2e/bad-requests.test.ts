import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { thing } from '#tests/support/records.ts'
import { forgeToken } from '#tests/support/session-tokens.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, expectError } from '#tests/support/xrpc-call.ts'

const secret = 'a secret that only the tests know'

let before: unknown
const { server, alice, bob } = await serverWithAccounts(['alice', 'bob'], {
  env: { PDS_JWT_SECRET: secret },
})
beforeEach(async () => {
  before = await state()
})
afterEach(async () => expect(await state()).toEqual(before))

/** The heads of both repos. */
function state() {
  return Promise.all(
    [alice, bob].map(async ({ agent, did }) => {
      return (await agent.com.atproto.sync.getLatestCommit({ did })).data
    }),
  )
}

describe('a token', () => {
  const fresh = () => alice.agent.session!.accessJwt
  const hour = 3600
  const now = Math.floor(Date.now() / 1000)

  it.each([
    ['that is not a JWT', () => 'Bearer nonsense', 400, 'InvalidToken'],
    ['of three empty parts', () => 'Bearer ..', 400, 'InvalidToken'],
    ['of another kind', () => `Basic ${fresh()}`, 400, 'InvalidToken'],
    ['that is missing', () => undefined, 401, 'AuthMissing'],
    ['for refreshing', () => `Bearer ${alice.agent.session!.refreshJwt}`, 400, 'InvalidToken'],
    ['signed with another secret', () => forged({}, { secret: 'guess' }), 400, 'InvalidToken'],
    ['without a signature', () => forged({}, { header: { alg: 'none' } }), 400, 'InvalidToken'],
    ['that has expired', () => forged({ iat: now - 3 * hour, exp: now - 1 }), 400, 'ExpiredToken'],
    ['without an end', () => forged({ exp: undefined }), 400, 'InvalidToken'],
    ['for another server', () => forged({ aud: 'did:web:other.example' }), 400, 'InvalidToken'],
    ['of a service', () => forged({ lxm: 'com.atproto.repo.createRecord' }), 400, 'InvalidToken'],
    ['that wants a proof', () => forged({ cnf: { jkt: 'x' } }), 400, 'InvalidToken'],
    ['of a strange scope', () => forged({ scope: 'com.atproto.all' }), 400, 'InvalidToken'],
    [
      'of a taken-down account',
      () => forged({ scope: 'com.atproto.takendown' }),
      400,
      'InvalidToken',
    ],
    ['without a DID', () => forged({ sub: 5 }), 400, 'InvalidToken'],
    ['of bob', () => `Bearer ${bob.agent.session!.accessJwt}`, 401, 'AuthenticationRequired'],
  ])('createRecord rejects a token %s', async (_, token, status, error) => {
    const body = { repo: alice.did, collection: thing, record: { a: 1 } }
    await expectError(call(server, 'repo.createRecord', { body, as: token() }), status, error)
  })

  function forged(claims: object, how: { secret?: string; header?: object } = {}): string {
    return `Bearer ${forgeToken(fresh(), { claims, secret, ...how } as never)}`
  }
})

describe('another account’s repo', () => {
  it.each(['createRecord', 'putRecord', 'deleteRecord', 'applyWrites'])(
    '%s rejects the repo of another account',
    async (verb) => {
      const input = { collection: thing, rkey: 'mine', record: { a: 1 }, writes: [] }
      const to = (repo: string) =>
        call(server, `repo.${verb}`, { as: alice, body: { repo, ...input } })
      await expectError(to(bob.did), 401, 'AuthenticationRequired')
      await expectError(to(bob.handle), 401, 'AuthenticationRequired')
      await expectError(to('nobody.test'), 403, 'AccountNotFound')
      await expectError(to('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'), 403, 'AccountNotFound')
    },
  )
})

describe('a request', () => {
  it.each([
    ['with the wrong verb', 'repo.createRecord', 400, 'InvalidRequest'],
    ['for an unknown method', 'server.nothing', 400, 'InvalidRequest'],
    ['for a proxied method', '/xrpc/app.bsky.feed.getTimeline', 400, 'InvalidRequest'],
    ['for an invalid method', '/xrpc/nonsense', 400, 'InvalidRequest'],
    ['with an invalid encoding', '/xrpc/%E0%A4%A', 400, 'InvalidRequest'],
    ['with a __proto__', 'sync.listRepos?__proto__=1', 400, 'InvalidRequest'],
    ['with a NUL', 'sync.getRepo?did=did:plc:a%00b', 400, 'InvalidRequest'],
    ['with a broken percent sign', 'sync.listRepos?cursor=%E0%A4%A', 400, 'InvalidRequest'],
    ['with a huge number', `sync.listRepos?limit=${'9'.repeat(30)}`, 400, 'InvalidRequest'],
    ['with a long cursor', `sync.listRepos?cursor=${'x'.repeat(10_000)}`, 400, 'InvalidRequest'],
    [
      'with a repeated parameter',
      'sync.getRepo?did=did:plc:a&did=did:plc:b',
      400,
      'InvalidRequest',
    ],
    ['without a required parameter', 'identity.resolveHandle', 400, 'InvalidRequest'],
  ])('a request %s is rejected', async (_, path, status, error) => {
    await expectError(call(server, path), status, error)
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'POST'])('the verb %s is rejected', async (verb) => {
    await expectError(call(server, 'sync.listRepos', { verb }), 400, 'InvalidRequest')
  })

  it('a query of 20 kB is rejected with 431', async () => {
    const { status } = await call(server, 'sync.listRepos', {
      query: { cursor: 'x'.repeat(20_000) },
    })
    expect(status).toBe(431)
  })

  it.each([
    ['beyond Unicode’s end', '\u{10ffff}'],
    ['of dots and slashes', '../../etc/passwd'],
    ['of SQL', "' OR 1=1 --"],
    ['that is empty', ''],
    ['that is a NUL', '\0'],
    ['of 5,000 letters', 'z'.repeat(5_000)],
  ])('listRecords returns nothing for a cursor %s', async (_, cursor) => {
    const query = { repo: alice.did, collection: thing, cursor }
    const { status, body } = await call(server, 'repo.listRecords', { query })
    expect([status, body]).toEqual([200, { records: [] }])
  })
})
