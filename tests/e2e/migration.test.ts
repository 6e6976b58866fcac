/** A migration between two servers, from the service token to the deletion of the old account. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  carType,
  createAccountToken,
  createMigratedAccount,
  emailedCode,
  moveContents,
  moveDid,
  rejection,
  signingKeyOf,
} from '#tests/support/migration-steps.ts'
import { createdAt } from '#tests/support/records.ts'
import { startResolvableServer } from '#tests/support/resolvable-server.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'
import { call } from '#tests/support/xrpc-call.ts'

const post = 'app.bsky.feed.post'
const email = 'alice@example.com'
const newHandle = 'alice.test'
const password = 'another password'

let old: TestServer
let plcUrl: string
let next: TestServer
let alice: TestAccount
/** Logged in at the new server. */
let newAgent: AtpAgent
let firehose: Subscription
let images: string[]

beforeAll(async () => {
  const resolvable = await startResolvableServer()
  old = resolvable.server
  plcUrl = resolvable.plcUrl
  next = await startServer({ env: { PDS_DID_PLC_URL: plcUrl } })
  firehose = new Subscription(next)
  await firehose.opened
  alice = await createTestAccount(old, 'alice')
  images = []
  for (const n of [1, 2, 3]) {
    const png = Buffer.from(`89504e470d0a1a0a0000000d494844520000000${n}`, 'hex')
    const { data } = await alice.agent.com.atproto.repo.uploadBlob(png, { encoding: 'image/png' })
    images.push(data.blob.ref.toString())
    const embed = { $type: 'app.bsky.embed.images', images: [{ image: data.blob, alt: '' }] }
    const record = { text: `picture ${n}`, createdAt, embed }
    const write = { repo: alice.did, collection: post, record }
    await alice.agent.com.atproto.repo.createRecord(write)
  }
})
afterAll(async () => {
  firehose.close()
  await old.remove()
  await next.remove()
})

const status = async () => (await newAgent.com.atproto.server.checkAccountStatus()).data
const anonymous = () => new AtpAgent({ service: next.url })

describe('createAccount with a DID', () => {
  const wanted = () => ({ did: alice.did, handle: newHandle, email, password })
  const create = (token: string | undefined, input: object = wanted()) =>
    rejection(
      new AtpAgent({ service: next.url }).com.atproto.server.createAccount(input as never, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      }),
    )

  it('createAccount with a DID requires a service token of that DID, for this server and method', async () => {
    expect(await create(undefined)).toMatchObject({
      status: 401,
      message: `Missing auth to create account with did: ${alice.did}`,
    })
    const bob = await createTestAccount(old, 'bob')
    expect(await create(await createAccountToken(bob.agent, 'did:web:localhost'))).toMatchObject({
      status: 401,
      message: `Missing auth to create account with did: ${alice.did}`,
    })
    const otherAudience = await createAccountToken(alice.agent, 'did:web:example.com')
    expect(await create(otherAudience)).toMatchObject({ status: 401, error: 'BadJwtAudience' })
    const other = await createAccountToken(
      alice.agent,
      'did:web:localhost',
      'com.atproto.repo.uploadBlob',
    )
    expect(await create(other)).toMatchObject({ status: 401, error: 'BadJwtLexiconMethod' })
    expect(await create('nonsense')).toMatchObject({ status: 401, error: 'BadJwt' })
    const { status } = await call(next, 'sync.getRepoStatus', { query: { did: alice.did } })
    expect(status).toBe(400)
  })

  it('createAccount with a DID makes a deactivated account with the reserved key, and emits no events', async () => {
    const { data: reserved } = await anonymous().com.atproto.server.reserveSigningKey({
      did: alice.did,
    })
    const again = await anonymous().com.atproto.server.reserveSigningKey({ did: alice.did })
    expect(again.data).toEqual(reserved)
    newAgent = await createMigratedAccount(
      next,
      await createAccountToken(alice.agent, 'did:web:localhost'),
      wanted(),
    )
    const { data: credentials } = await newAgent.com.atproto.identity.getRecommendedDidCredentials()
    expect(credentials.verificationMethods).toEqual({ atproto: reserved.signingKey })
    const used = await anonymous().com.atproto.server.reserveSigningKey({ did: alice.did })
    expect(used.data.signingKey).not.toBe(reserved.signingKey)
    const { data: session } = await newAgent.com.atproto.server.getSession()
    expect(session).toMatchObject({ active: false, status: 'deactivated', handle: newHandle })
    expect(await status()).toMatchObject({
      activated: false,
      validDid: false,
      repoBlocks: 2,
      indexedRecords: 0,
      privateStateValues: 0,
      expectedBlobs: 0,
      importedBlobs: 0,
    })
    expect(firehose.eventsOf(alice.did)).toEqual([])
  })

  it('createAccount with a DID is rejected if the account exists', async () => {
    const token = await createAccountToken(alice.agent, 'did:web:localhost')
    expect(await create(token)).toMatchObject({ status: 400, error: 'AlreadyExists' })
  })
})

describe('a deactivated account', () => {
  it('a deactivated account can log in with its password', async () => {
    const agent = new AtpAgent({ service: next.url })
    await agent.login({ identifier: email, password })
    expect(agent.session).toMatchObject({ active: false, status: 'deactivated' })
  })

  it.each([
    ['sync.getRepo', {}, 'RepoDeactivated'],
    ['sync.getLatestCommit', {}, 'RepoDeactivated'],
    ['sync.listBlobs', {}, 'RepoDeactivated'],
    ['sync.getRecord', { collection: post, rkey: 'a' }, 'RepoDeactivated'],
    ['repo.describeRepo', {}, 'RepoDeactivated'],
    ['repo.listRecords', { collection: post }, 'InvalidRequest'],
  ])(
    'a deactivated account is closed to unauthenticated callers: %s',
    async (method, params, error) => {
      const who = { [method.startsWith('repo') ? 'repo' : 'did']: alice.did }
      const answer = await call(next, method, { query: { ...who, ...params } })
      expect(answer).toMatchObject({ status: 400, error })
    },
  )

  it('checkAccountStatus works for a deactivated account', async () => {
    const { body } = await call(next, 'sync.getRepoStatus', { query: { did: alice.did } })
    expect(body).toEqual({ did: alice.did, active: false, status: 'deactivated' })
  })

  it('a deactivated account cannot write records', async () => {
    const record = { text: 'too early', createdAt }
    const write = newAgent.com.atproto.repo.createRecord({
      repo: alice.did,
      collection: post,
      record,
    })
    expect(await rejection(write)).toMatchObject({ status: 401, error: 'AccountDeactivated' })
  })

  it('importRepo rejects a repo of another account', async () => {
    const { data: car } = await alice.agent.com.atproto.sync.getRepo({ did: alice.did })
    const before = await status()
    for (const bad of [car.subarray(0, -5), car.subarray(0, 100), car.slice().fill(7, -20)]) {
      const attempt = newAgent.com.atproto.repo.importRepo(bad, { encoding: carType })
      expect(await rejection(attempt)).toMatchObject({ status: 400 })
    }
    expect(await status()).toEqual(before)
  })

  it('importRepo imports the repo, and listMissingBlobs lists the blobs to upload', async () => {
    const { data: car } = await alice.agent.com.atproto.sync.getRepo({ did: alice.did })
    await newAgent.com.atproto.repo.importRepo(car, { encoding: carType })
    const { data } = await newAgent.com.atproto.repo.listMissingBlobs()
    expect(data.blobs.map(({ cid }) => cid).sort()).toEqual(images.toSorted())
    expect(await status()).toMatchObject({
      indexedRecords: 3,
      expectedBlobs: 3,
      importedBlobs: 0,
      missingBlobCount: 3,
      migrationReady: false,
    })
    await moveContents(alice.agent, newAgent, alice.did)
    expect(await status()).toMatchObject({ importedBlobs: 3, migrationReady: true })
    expect(firehose.eventsOf(alice.did)).toEqual([])
  })

  it('activateAccount is rejected while the DID points to another server', async () => {
    const attempt = newAgent.com.atproto.server.activateAccount()
    expect(await rejection(attempt)).toMatchObject({
      status: 400,
      message: 'DID document atproto_pds service endpoint does not match PDS public url',
    })
  })
})

describe('an account whose DID points here', () => {
  it('activateAccount announces the account with a commit signed by its new key', async () => {
    await moveDid(alice.agent, newAgent, () => emailedCode(old, email))
    expect(await status()).toMatchObject({ validDid: true, serverCanUpdateDid: true })
    await newAgent.com.atproto.server.activateAccount()
    await expect.poll(() => firehose.eventsOf(alice.did).length).toBe(4)
    // The first #identity is of the PLC operation.
    const events = firehose.eventsOf(alice.did)
    const kinds = ['#identity', '#account', '#identity', '#sync']
    expect(events.map(({ kind }) => kind)).toEqual(kinds)
    expect(events[1]!.body).toMatchObject({ active: true })
    expect(events[2]!.body).toMatchObject({ handle: newHandle })
    const { data: car } = await anonymous().com.atproto.sync.getRepo({ did: alice.did })
    const repo = await verifiedRepo(car, {
      did: alice.did,
      key: await signingKeyOf(alice.did, plcUrl),
    })
    expect(repo.rev).toBe(events[3]!.body.rev)
    expect([...repo.records]).toHaveLength(3)
  })

  it('commits after a migration continue the chain', async () => {
    const record = { text: 'hello from here', createdAt }
    const write = { repo: alice.did, collection: post, record }
    const { data } = await newAgent.com.atproto.repo.createRecord(write)
    const { body } = await firehose.waitForCommit(data.commit!.cid)
    expect(body.since).toBe(firehose.eventsOf(alice.did)[3]!.body.rev)
    const image = { did: alice.did, cid: images[0]! }
    const { data: blob } = await anonymous().com.atproto.sync.getBlob(image)
    expect(blob.length).toBe(20)
  })

  it('the old account is deactivated, and deleted at its deleteAfter, across a restart', async () => {
    const deleteAfter = new Date().toISOString()
    await alice.agent.com.atproto.server.deactivateAccount({ deleteAfter })
    const at = async () =>
      (await call(old, 'sync.getRepoStatus', { query: { did: alice.did } })).body
    expect(await at()).toMatchObject({ active: false, status: 'deactivated' })
    await old.restart()
    await expect.poll(at).toMatchObject({ error: 'RepoNotFound' })
    // The handle is free for another account.
    const other = new AtpAgent({ service: old.url })
    const create = () =>
      other.createAccount({ handle: 'alice.test', email: 'other@example.com', password }).then(
        ({ data }) => data.handle,
        ({ message }) => message,
      )
    await expect.poll(create).toBe('alice.test')
  })
})

describe('deleteAccount', () => {
  const remove = (input: object) =>
    rejection(
      anonymous().com.atproto.server.deleteAccount({
        ...{ did: alice.did, password, token: 'AAAAA-AAAAA' },
        ...input,
      }),
    )

  it('deleteAccount requires the password and the emailed token', async () => {
    await newAgent.com.atproto.server.requestAccountDelete()
    expect(await remove({ password: 'wrong' })).toMatchObject({
      status: 401,
      message: 'Invalid did or password',
    })
    expect(await remove({})).toMatchObject({ status: 400, error: 'InvalidToken' })
    expect(await remove({ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' })).toMatchObject({
      status: 400,
      message: 'account not found',
    })
    expect(await remove({ password: 'x'.repeat(513) })).toMatchObject({ status: 401 })
  })

  it('deleteAccount leaves only its #account event', async () => {
    const token = await emailedCode(next, email)
    const { did } = alice
    await anonymous().com.atproto.server.deleteAccount({ did, password, token })
    const deleted = () => firehose.eventsOf(did).at(-1)!
    await expect.poll(() => deleted().body).toMatchObject({ active: false, status: 'deleted' })
    for (const method of ['getRepo', 'getRepoStatus', 'getLatestCommit']) {
      const answer = await call(next, `sync.${method}`, { query: { did } })
      expect(answer).toMatchObject({ status: 400, error: 'RepoNotFound' })
    }
    expect(await rejection(newAgent.com.atproto.server.getSession())).toMatchObject({ status: 400 })
    const { body } = await call(next, 'sync.listRepos')
    expect(body).toMatchObject({ repos: [] })
    using replay = new Subscription(next, 0)
    await expect.poll(() => replay.eventsOf(did).map(({ kind }) => kind)).toEqual(['#account'])
    expect((await createTestAccount(next, 'alice')).handle).toBe(newHandle)
  })
})
