import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { post, thing, unknownCid, write } from '#tests/support/records.ts'
import { startResolvableServer } from '#tests/support/resolvable-server.ts'
import { createTestAccount, type TestAccount, type TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { expectCommit, expectProof, type Owner, verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const collection = 'com.example.nap'

/** What a client sees must not depend on where the actors run and whether they are awake. */
async function runScenario(server: TestServer, account: TestAccount, owner: Owner): Promise<void> {
  const { agent, did } = account
  const { repo, sync, server: sessions } = agent.com.atproto
  using live = new Subscription(server, 0)
  const place = { repo: did, collection: thing, rkey: 'a' }
  const { data: made } = await repo.createRecord({ ...place, record: { a: 1 } })
  await repo.putRecord({ ...place, record: { a: 2 }, swapRecord: made.cid })
  const { data: applied } = await repo.applyWrites({
    repo: did,
    writes: [
      write('create', 'b', { b: 1 }),
      write('create', '3jzfcijpj2z2a', post('é'), 'app.bsky.feed.post'),
    ],
  } as never)
  await repo.deleteRecord({ ...place, rkey: 'b', swapCommit: applied.commit!.cid })

  const refused = (input: object) => {
    const body = { ...place, record: { a: 3 }, ...input }
    return statusAndError(call(server, 'repo.createRecord', { as: account, body }))
  }
  expect((await refused({}))[0]).toBe(409)
  expect(await refused({ rkey: 'c', swapCommit: unknownCid })).toEqual([400, 'InvalidSwap'])
  expect(await refused({ rkey: 'c', validate: true })).toEqual([400, 'InvalidRequest'])
  const missing = { repo: did, collection: thing, rkey: 'b' }
  expect(await statusAndError(call(server, 'repo.getRecord', { query: missing }))).toEqual([
    400,
    'RecordNotFound',
  ])
  expect((await repo.getRecord(place)).data.value).toMatchObject({ a: 2 })
  const { data: list } = await repo.listRecords({ repo: did, collection: thing })
  expect(list.records.map(({ uri }) => uri)).toEqual([made.uri])
  expect((await repo.describeRepo({ repo: did })).data.collections).toContain(thing)
  expect((await sessions.getSession()).data.did).toBe(did)

  const { data: latest } = await sync.getLatestCommit({ did })
  const exported = await verifiedRepo(new Uint8Array((await sync.getRepo({ did })).data), owner)
  expect(exported).toMatchObject(latest)
  const proof = new Uint8Array((await sync.getRecord({ did, collection: thing, rkey: 'b' })).data)
  await expectProof(proof, owner, { collection: thing, rkey: 'b', cid: null })
  await live.waitForCommit(latest.cid)
  const kinds = live.eventsOf(did).map(({ kind }) => kind)
  expect(kinds.slice(0, 4)).toEqual(['#identity', '#account', '#commit', '#sync'])
  await expectChain(live, owner)
}

/** Each commit of the repo follows the one before. */
async function expectChain(live: Subscription, owner: Owner): Promise<void> {
  const commits = live.eventsOf(owner.did).filter(({ kind }) => kind === '#commit')
  for (const [i, { body }] of commits.entries()) {
    await expectCommit(body, owner, commits[i - 1]?.body)
  }
}

/** After a restart everything is as before, and the log continues. */
async function expectSameAfterRestart(server: TestServer, { agent, did }: TestAccount) {
  using before = new Subscription(server, 0)
  const { data: latest } = await agent.com.atproto.sync.getLatestCommit({ did })
  await before.waitForCommit(latest.cid)
  await server.restart()
  expect((await agent.com.atproto.sync.getLatestCommit({ did })).data).toEqual(latest)
  using after = new Subscription(server, 0)
  const { data } = await agent.com.atproto.repo.createRecord({ repo: did, collection, record: {} })
  await after.waitForCommit(data.commit!.cid)
  const [last, ...rest] = after.messages.map(({ bytes }) => bytes).toReversed()
  expect(rest.toReversed()).toEqual(before.messages.map(({ bytes }) => bytes))
  expect(last).toBeDefined()
  expect(after.seqs).toEqual(after.seqs.toSorted((a, b) => a - b))
}

/** The number of sleeping accounts, from the engine. */
async function countSleeping({ dir, engineEndpoint }: TestServer): Promise<number> {
  const { engineToken } = JSON.parse(readFileSync(join(dir, 'secrets.json'), 'utf8'))
  const query = 'namespace=default&name=account'
  const answer = await fetch(`${engineEndpoint}/actors?${query}`, {
    headers: { authorization: `Bearer ${engineToken}` },
  })
  const { actors } = (await answer.json()) as { actors: { sleep_ts: number | null }[] }
  return actors.filter((actor) => actor.sleep_ts !== null).length
}

// All other tests run the server as one process.
describe('with a gateway and actors in processes of their own', () => {
  it('accounts, records, repos and the firehose are the same with split roles', async () => {
    const network = await startResolvableServer({ roles: 'split' })
    await using server = network.server
    expect(server.pids).toHaveLength(2)
    const alice = await createTestAccount(server, 'alice')
    const key = await network.resolver.did.resolveAtprotoKey(alice.did)
    await runScenario(server, alice, { did: alice.did, key })
    await expectSameAfterRestart(server, alice)
  })

  it('sleeping accounts answer as awake ones do, also with split roles', async () => {
    const env = { PDS_ACTOR_SLEEP_TIMEOUT_MS: '1000' }
    const network = await startResolvableServer({ roles: 'split', env })
    await using server = network.server
    const names = ['alice', 'bob', 'carol']
    const accounts = await Promise.all(names.map((name) => createTestAccount(server, name)))
    using live = new Subscription(server, 0)
    const asleep = { timeout: 60_000, interval: 100 }
    for (let nap = 0; nap < 2; nap++) {
      await expect.poll(() => countSleeping(server), asleep).toBe(accounts.length)
      // Some are woken by one call, others by many at once.
      const woken = accounts.flatMap(({ agent, did }, n) =>
        Array.from({ length: 1 + n * 4 }, (_, i) =>
          agent.com.atproto.repo.createRecord({ repo: did, collection, record: { nap, i } }),
        ),
      )
      for (const { data } of await Promise.all(woken)) await live.waitForCommit(data.commit!.cid)
    }
    for (const [n, account] of accounts.entries()) {
      const key = await network.resolver.did.resolveAtprotoKey(account.did)
      const owner = { did: account.did, key }
      const { data } = await account.agent.com.atproto.repo.listRecords({
        repo: account.did,
        collection,
      })
      expect(data.records).toHaveLength(2 * (1 + n * 4))
      await expectChain(live, owner)
      await runScenario(server, account, owner)
    }
  })
})
