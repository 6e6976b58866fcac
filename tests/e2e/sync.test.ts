import { decode } from '@atcute/cbor'
import { MemoryBlockstore, Repo, readCarWithRoot, verifyDiffCar } from '@atproto/repo'
import { CarReader } from '@ipld/car'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post, thing, unknownCid, write } from '#tests/support/records.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { expectProof, type Owner, readCarBlocks, verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

let network: ResolvableServer
let alice: TestAccount
let owner: Owner
beforeAll(async () => {
  network = await startResolvableServer()
  alice = await createTestAccount(network.server, 'alice')
  const key = await network.resolver.did.resolveAtprotoKey(alice.did)
  owner = { did: alice.did, key }
})
afterAll(() => network.server.remove())

async function apply(writes: object[]): Promise<{ cid: string; rev: string }> {
  const body = { repo: alice.did, writes }
  const { data } = await alice.agent.com.atproto.repo.applyWrites(body as never)
  return data.commit!
}

async function car(method: string, query: Record<string, string>): Promise<Uint8Array> {
  const search = new URLSearchParams({ did: alice.did, ...query })
  const answer = await fetch(`${network.server.url}/xrpc/com.atproto.sync.${method}?${search}`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/vnd.ipld.car')
  return answer.bytes()
}

const getRepo = async (query = {}) => verifiedRepo(await car('getRepo', query), owner)
const latest = async () =>
  (await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data

const many = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))

function linksIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  if ('$link' in value) return [value.$link as string]
  return Object.values(value).flatMap(linksIn)
}

describe('getRepo', () => {
  it('getRepo returns an empty repo', async () => {
    const repo = await getRepo()
    expect(repo.records.size).toBe(0)
    expect({ cid: repo.cid, rev: repo.rev }).toEqual(await latest())
  })

  it("getRepo returns the whole repo, signed with the DID document's key, to three readers", async () => {
    await apply([write('create', undefined, post('hi'), 'app.bsky.feed.post')])
    const commit = await apply([
      ...many(30, (i) => write('create', `key-${i}`, { i, text: 'ü'.repeat(i) })),
      ...many(5, (i) => write('create', `x${i}`, {}, 'a.b.c')),
    ])
    const bytes = await car('getRepo', {})
    const { records, ...repo } = await verifiedRepo(bytes, owner)
    expect(repo).toEqual(commit)
    expect(records.size).toBe(36)
    const { data } = await alice.agent.com.atproto.repo.getRecord({
      repo: alice.did,
      collection: thing,
      rkey: 'key-7',
    })
    expect(records.get(`${thing}/key-7`)).toBe(data.cid)
    const reader = await CarReader.fromBytes(bytes)
    expect((await reader.getRoots()).map(String)).toEqual([commit.cid])
    expect(Buffer.from(await car('getCheckout', {})).equals(bytes)).toBe(true)
  })

  it('getRepo sends each node before its children, so that it can be read as a stream', async () => {
    const { roots, blocks } = readCarBlocks(await car('getRepo', {}))
    const known = new Set(roots)
    for (const [cid, bytes] of blocks) {
      expect(known).toContain(cid)
      for (const link of linksIn(decode(bytes))) known.add(link)
    }
  })

  it('getRepo returns the difference since a rev', async () => {
    const { root, blocks } = await readCarWithRoot(await car('getRepo', {}))
    const before = await Repo.load(new MemoryBlockstore(blocks), root)
    await apply([write('create', 'later', { later: 1 }), write('update', 'key-3', { later: 2 })])
    const commit = await apply([write('delete', 'key-4')])
    const since = await car('getRepo', { since: before.commit.rev })
    const diff = await verifyDiffCar(before, since, owner.did, owner.key)
    expect(diff.commit.rev).toBe(commit.rev)
    expect(diff.writes.map(({ action, rkey }) => `${action} ${rkey}`).sort()).toEqual([
      'create later',
      'delete key-4',
      'update key-3',
    ])
    expect(readCarBlocks(since).blocks.size).toBeLessThan(blocks.size / 2)
    const nothing = readCarBlocks(await car('getRepo', { since: commit.rev }))
    expect(nothing.roots).toEqual([commit.cid])
    expect(nothing.blocks.size).toBeLessThanOrEqual(2)
  })

  it('getRepo returns 3,000 records and more', async () => {
    for (let at = 0; at < 3_000; at += 200) {
      await apply(many(200, (i) => write('create', undefined, { i: at + i }, 'com.example.many')))
    }
    const { records, ...repo } = await getRepo()
    expect(repo).toEqual(await latest())
    expect(records.size).toBeGreaterThanOrEqual(3_000)
    const answer = await fetch(
      `${network.server.url}/xrpc/com.atproto.sync.getRepo?did=${alice.did}`,
      { headers: { 'accept-encoding': 'gzip' } },
    )
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect((await verifiedRepo(await answer.bytes(), owner)).records).toEqual(records)
  })

  it('getRepo returns one state of the repo during writes', async () => {
    const exports: Promise<{ rev: string; records: Map<string, string> }>[] = []
    const sizes = new Map<string, number>([[(await latest()).rev, (await getRepo()).records.size]])
    let size = [...sizes.values()][0]!
    for (let i = 0; i < 60; i++) {
      if (i % 12 === 0) exports.push(getRepo())
      const grows = i % 3 !== 2
      const rkey = `key-${i % 3 === 1 ? 1000 + i : 10}`
      if (i % 3 === 0) await apply([write('update', rkey, { i }), write('create', `n${i}`, { i })])
      else if (i % 3 === 1) await apply([write('create', rkey, { i })])
      else await apply([write('delete', `n${i - 2}`), write('update', rkey, { i })])
      size += grows ? 1 : -1
      sizes.set((await latest()).rev, size)
    }
    const taken = await Promise.all(exports)
    expect(taken.map(({ records }) => records.size)).toEqual(taken.map(({ rev }) => sizes.get(rev)))
    expect(new Set(taken.map(({ rev }) => rev)).size).toBeGreaterThan(2)
  })
})

describe('getRecord', () => {
  it('sync.getRecord proves that a record exists, and that one does not', async () => {
    const { records } = await getRepo()
    for (const rkey of ['key-0', 'key-15', 'later']) {
      const cid = records.get(`${thing}/${rkey}`)!
      const proof = await car('getRecord', { collection: thing, rkey })
      await expectProof(proof, owner, { collection: thing, rkey, cid })
      expect(proof.length).toBeLessThan(10_000)
    }
    for (const [collection, rkey] of [
      [thing, 'key-4'],
      [thing, 'never'],
      ['a.a.a', '0'],
      ['zz.zz.zz', 'zz'],
      ['com.example.many', '3aaaaaaaaaaaa'],
    ] as const) {
      const proof = await car('getRecord', { collection, rkey })
      await expectProof(proof, owner, { collection, rkey, cid: null })
    }
  })
})

describe('getBlocks', () => {
  it('getBlocks returns commit, nodes and records by their CIDs', async () => {
    const { blocks } = readCarBlocks(await car('getRepo', {}))
    const cids = [...blocks.keys()].filter((_, i) => i % 400 === 0)
    const search = cids.map((cid) => `cids=${cid}`).join('&')
    const url = `${network.server.url}/xrpc/com.atproto.sync.getBlocks?did=${alice.did}&${search}`
    const got = readCarBlocks(await (await fetch(url)).bytes())
    expect(got.roots).toEqual([])
    expect([...got.blocks.keys()].sort()).toEqual(cids.sort())
    for (const cid of cids) expect(got.blocks.get(cid)).toEqual(blocks.get(cid))
  })

  it('getBlocks rejects CIDs that the repo does not have', async () => {
    const query = { did: alice.did, cids: unknownCid }
    expect((await call(network.server, 'sync.getBlocks', { query })).status).toBe(400)
    const unread = statusAndError(
      call(network.server, 'sync.getBlocks', { query: { did: alice.did } }),
    )
    expect(await unread).toEqual([400, 'InvalidRequest'])
  })
})

it('getRepo stays open to everybody after many clients have left it half-way', async () => {
  const bob = await createTestAccount(network.server, 'bob')
  for (let i = 0; i < 8; i++) {
    const record = { $type: thing, text: String(i).repeat(900_000) }
    await bob.agent.com.atproto.repo.createRecord({ repo: bob.did, collection: thing, record })
  }
  const url = `${network.server.url}/xrpc/com.atproto.sync.getRepo?did=${bob.did}`
  const leave = async (n: number) => {
    const abort = new AbortController()
    const headers = { 'accept-encoding': n % 2 === 0 ? 'gzip' : 'identity' }
    const answer = await fetch(url, { signal: abort.signal, headers })
    expect(answer.status).toBe(200)
    await answer.body!.getReader().read()
    abort.abort()
  }
  for (let n = 0; n < 110; n += 5) await Promise.all(many(5, (i) => leave(n + i)))
  const whole = await fetch(url)
  expect(whole.status).toBe(200)
  const { blocks } = await readCarWithRoot(await whole.bytes())
  expect(blocks.size).toBeGreaterThan(8)
})
