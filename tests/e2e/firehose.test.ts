import { fromBytes } from '@atcute/cbor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post, thing, write } from '#tests/support/records.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { type EventBody, Subscription } from '#tests/support/subscription.ts'
import { expectCommit, type Owner, readCarBlocks } from '#tests/support/verify-repo.ts'
import { call } from '#tests/support/xrpc-call.ts'

let network: ResolvableServer
let alice: TestAccount
let owner: Owner
let live: Subscription
beforeAll(async () => {
  network = await startResolvableServer()
  live = new Subscription(network.server)
  await live.opened
  alice = await createTestAccount(network.server, 'alice')
  const key = await network.resolver.did.resolveAtprotoKey(alice.did)
  owner = { did: alice.did, key }
})
afterAll(async () => {
  live.close()
  await network.server.remove()
})

async function apply(writes: object[]): Promise<EventBody> {
  const body = { repo: alice.did, writes }
  const { data } = await alice.agent.com.atproto.repo.applyWrites(body as never)
  return (await live.waitForCommit(data.commit!.cid)).body
}

describe('a new account', () => {
  it('a new account emits #identity, #account, #commit and #sync, in direct succession', async () => {
    await live.waitForMessages(4)
    const { did, handle } = alice
    expect(live.kinds).toEqual(['#identity', '#account', '#commit', '#sync'])
    const [first] = live.seqs as [number]
    expect(live.seqs).toEqual([first, first + 1, first + 2, first + 3])
    const [identity, account, commit, sync] = live.messages.map(({ body }) => body) as [
      EventBody,
      EventBody,
      EventBody,
      EventBody,
    ]
    const seq = expect.any(Number)
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(identity).toEqual({ seq, time, did, handle })
    expect(account).toEqual({ seq, time, did, active: true })
    expect(commit).not.toHaveProperty('prevData')
    expect(commit).toMatchObject({ seq, time, repo: did, since: null, ops: [], blobs: [] })
    expect(commit).toMatchObject({ rebase: false, tooBig: false })
    await expectCommit(commit, owner)
    expect(sync).toMatchObject({ seq, time, did, rev: commit.rev })
    const { roots, blocks } = readCarBlocks(fromBytes(sync.blocks))
    expect(roots).toEqual([commit.commit.$link])
    expect([...blocks.keys()]).toEqual(roots)
  })
})

describe('a write', () => {
  it('a write emits a #commit that proves what changed', async () => {
    const created = await apply([write('create', 'a', { a: 1 }), write('create', 'b', { b: 1 })])
    const [, , first] = live.eventsOf(alice.did).map(({ body }) => body)
    await expectCommit(created, owner, first)
    const a = { action: 'create', path: `${thing}/a`, cid: { $link: expect.any(String) } }
    expect(created.ops).toMatchObject([a, { action: 'create', path: `${thing}/b` }])
    expect(created.ops.every((op) => !('prev' in op))).toBe(true)
    const changed = await apply([write('update', 'a', { a: 2 }), write('delete', 'b')])
    await expectCommit(changed, owner, created)
    const [was, deleted] = created.ops.map(({ cid }) => cid)
    expect(changed.ops).toMatchObject([
      { action: 'update', path: `${thing}/a`, prev: was },
      { action: 'delete', path: `${thing}/b`, prev: deleted, cid: null },
    ])
    const { blocks } = readCarBlocks(fromBytes(changed.blocks))
    expect([...blocks.keys()]).toContain(changed.ops[0]!.cid!.$link)
  })

  it('every #commit can be inverted from its own blocks', async () => {
    let last = await apply(
      Array.from({ length: 120 }, (_, i) => write('create', `k${i}`, { i }, 'com.example.tree')),
    )
    for (let round = 0; round < 12; round++) {
      const key = (i: number) => `k${round * 10 + i}`
      const next = await apply([
        write('delete', key(0), undefined, 'com.example.tree'),
        write('delete', key(1), undefined, 'com.example.tree'),
        write('update', key(5), { round }, 'com.example.tree'),
        write('create', `new${round}`, { round }, 'com.example.tree'),
        write('create', `${round}`, { round }, `com.example.tree${round}`),
      ])
      await expectCommit(next, owner, last)
      last = next
    }
  })

  it('a like that replaces another is one #commit', async () => {
    const collection = 'app.bsky.feed.like'
    const subject = {
      uri: `at://${alice.did}/${thing}/a`,
      cid: live.eventsOf(alice.did)[4]!.body.commit,
    }
    const like = async () => {
      const record = {
        subject: { ...subject, cid: subject.cid.$link },
        createdAt: post('').createdAt,
      }
      const { data } = await alice.agent.com.atproto.repo.createRecord({
        repo: alice.did,
        collection,
        record,
      })
      return (await live.waitForCommit(data.commit!.cid)).body
    }
    const [first, second] = [await like(), await like()]
    expect(first.ops).toMatchObject([{ action: 'create' }])
    expect(second.ops).toMatchObject([
      { action: 'delete', path: first.ops[0]!.path, prev: first.ops[0]!.cid },
      { action: 'create' },
    ])
    await expectCommit(second, owner, first)
  })

  it('a write that changes nothing, or is rejected, emits no event', async () => {
    const place = { repo: alice.did, collection: thing }
    const count = live.messages.length
    await alice.agent.com.atproto.repo.putRecord({ ...place, rkey: 'a', record: { a: 2 } })
    await alice.agent.com.atproto.repo.deleteRecord({ ...place, rkey: 'missing' })
    const body = { ...place, rkey: 'a', record: { a: 3 } }
    const refused = await call(network.server, 'repo.createRecord', { as: alice, body })
    expect(refused.status).toBe(409)
    await apply([])
    expect(live.messages.length).toBe(count + 1)
  })

  it('applyWrites without writes emits a #commit', async () => {
    const [before, after] = [await apply([]), await apply([])]
    expect(after.ops).toEqual([])
    await expectCommit(after, owner, before)
  })
})

describe('concurrent writers', () => {
  it('concurrent writers each have their own chain, and all seqs rise', async () => {
    const bob = await createTestAccount(network.server, 'bob')
    const accounts = [alice, bob]
    const writes = Array.from({ length: 60 }, async (_, i) => {
      const { agent, did } = accounts[i % 2]!
      const record = { repo: did, collection: 'com.example.crowd', record: { i } }
      return (await agent.com.atproto.repo.createRecord(record)).data.commit!.cid
    })
    for (const cid of await Promise.all(writes)) await live.waitForCommit(cid)
    expect(live.seqs).toEqual([...new Set(live.seqs)].sort((a, b) => a - b))
    for (const { did } of accounts) {
      const key = await network.resolver.did.resolveAtprotoKey(did)
      const commits = live.eventsOf(did).filter(({ kind }) => kind === '#commit')
      for (const [i, { body }] of commits.entries()) {
        await expectCommit(body, { did, key }, commits[i - 1]?.body)
      }
    }
  })
})
