import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createdAt, post, thing, unknownCid, write } from '#tests/support/records.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice } = await serverWithAccounts(['alice'])

function apply(writes: object[], input: object = {}) {
  const body = { repo: alice.did, writes, ...input }
  return call(server, 'repo.applyWrites', { as: alice, body })
}

async function list(collection: string) {
  const { data } = await alice.agent.com.atproto.repo.listRecords({ repo: alice.did, collection })
  return data.records
}

const latest = async () =>
  (await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data

describe('applyWrites', () => {
  it('applyWrites makes one commit of all writes, and returns the result of each', async () => {
    await apply([write('create', 'old', { a: 1 }), write('create', 'doomed', { a: 1 })])
    const { status, body } = await apply([
      write('create', 'new', { a: 1 }),
      write('create', undefined, post('hi'), 'app.bsky.feed.post'),
      write('update', 'old', { a: 2 }),
      write('delete', 'doomed'),
    ])
    expect(status).toBe(200)
    const $type = (name: string) => `com.atproto.repo.applyWrites#${name}Result`
    const at = (rkey: string) => ({
      uri: `at://${alice.did}/${thing}/${rkey}`,
      cid: expect.stringMatching(/^bafyrei/),
      validationStatus: 'unknown',
    })
    expect(body).toEqual({
      commit: await latest(),
      results: [
        { $type: $type('create'), ...at('new') },
        {
          $type: $type('create'),
          uri: expect.stringMatching(/app\.bsky\.feed\.post\/[2-7a-z]{13}$/),
          cid: expect.any(String),
          validationStatus: 'valid',
        },
        { $type: $type('update'), ...at('old') },
        { $type: $type('delete') },
      ],
    })
    const records = await list(thing)
    expect(records.map(({ uri }) => uri.split('/').at(-1))).toEqual(['old', 'new'])
  })

  it('applyWrites without writes makes a commit', async () => {
    const before = await latest()
    expect((await apply([])).body).toEqual({ commit: await latest(), results: [] })
    expect((await latest()).rev > before.rev).toBe(true)
  })

  it.each([
    ['an update of what is missing', write('update', 'missing', { a: 1 }), 400],
    ['a deletion of what is missing', write('delete', 'missing'), 400],
    ['a key that is taken', write('create', 'old', { a: 1 }), 409],
    ['a second write of one path', write('delete', 'fine'), 400],
    ['an invalid key', write('create', '..', { a: 1 }), 400],
    ['an invalid record', write('create', undefined, { text: 5 }, 'app.bsky.feed.post'), 400],
    ['an unknown kind of write', { $type: 'com.example.write', collection: thing }, 400],
    ['a write without $type', { collection: thing, value: {} }, 400],
  ])('applyWrites does nothing if there is %s', async (_, wrong, status) => {
    const before = await latest()
    const answer = await apply([write('create', 'fine', { a: 1 }), wrong])
    expect(answer).toMatchObject({ status, error: expect.any(String), message: expect.any(String) })
    expect(await latest()).toEqual(before)
    expect(JSON.stringify(await list(thing))).not.toContain('/fine')
  })

  it('applyWrites names the invalid write', async () => {
    const wrong = write('create', undefined, { text: 5, createdAt }, 'app.bsky.feed.post')
    const { message } = await apply([write('create', 'fine', { a: 1 }), wrong])
    expect(message).toContain('$.writes[1].value.text')
  })

  it('applyWrites checks swapCommit', async () => {
    const { cid } = await latest()
    const wrong = apply([], { swapCommit: unknownCid })
    expect(await statusAndError(wrong)).toEqual([400, 'InvalidSwap'])
    expect((await apply([], { swapCommit: cid })).status).toBe(200)
    expect(await statusAndError(apply([], { swapCommit: cid }))).toEqual([400, 'InvalidSwap'])
  })
})

describe('applyWrites limits', () => {
  const many = <T>(from: number, to: number, make: (i: number) => T) =>
    Array.from({ length: to - from }, (_, i) => make(from + i))

  it('applyWrites accepts 200 writes, and rejects 201', async () => {
    const some = (n: number) => apply(many(0, n, (i) => write('create', undefined, { i })))
    expect(await statusAndError(some(201))).toEqual([400, 'InvalidRequest'])
    expect((await some(200)).status).toBe(200)
  })

  it('applyWrites rejects writes whose event exceeds 2 MB', async () => {
    // The longest paths, all over the tree: the proof of each change contains much of the tree.
    const paths = many(0, 3_000, (i) => {
      const part = createHash('sha256').update(`${i}`).digest('hex').slice(0, 60)
      return { key: part.repeat(8), collection: `x${part}.${part}.${part}.${part}.x${part}` }
    })
    for (let at = 0; at < paths.length; at += 200) {
      const some = paths.slice(at, at + 200)
      const made = await apply(some.map((path) => write('create', path.key, {}, path.collection)))
      expect(made.status).toBe(200)
    }
    const before = await latest()
    const text = 'x'.repeat(3_700)
    const updates = paths
      .slice(0, 200)
      .map((path) => write('update', path.key, { text }, path.collection))
    const refused = await apply(updates)
    expect(refused).toMatchObject({ status: 400, message: 'Too many writes. Max event size: 2MB' })
    expect(await latest()).toEqual(before)
    expect((await apply(updates.slice(0, 100))).status).toBe(200)
  })
})

describe('likes, reposts, follows and blocks', () => {
  const subject = { uri: 'at://did:plc:x/app.bsky.feed.post/3jzfcijpj2z2a', cid: unknownCid }
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  const create = (collection: string, about: unknown, input = {}) => {
    const record = { $type: collection, subject: about, createdAt: new Date().toISOString() }
    const body = { repo: alice.did, collection, record, ...input }
    return call(server, 'repo.createRecord', { as: alice, body })
  }

  it.each([
    ['app.bsky.feed.like', subject],
    ['app.bsky.feed.repost', subject],
    ['app.bsky.graph.follow', did],
    ['app.bsky.graph.block', did],
  ])('a new %s of the same subject replaces the old one', async (collection, about) => {
    await create(collection, about)
    const { body } = await create(collection, about)
    expect(await list(collection)).toMatchObject([{ uri: (body as { uri: string }).uri }])
    const atOnce = await Promise.all(Array.from({ length: 4 }, () => create(collection, about)))
    expect(atOnce.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await list(collection)).toHaveLength(1)
  })

  it('likes and follows of other subjects or collections, in applyWrites or unvalidated, are kept', async () => {
    const likes = 'app.bsky.feed.like'
    const other = { ...subject, uri: 'at://did:plc:x/app.bsky.feed.post/3jzfcijpj2z2b' }
    await create(likes, other)
    expect(await list(likes)).toHaveLength(2)
    await create(likes, other, { validate: false })
    expect(await list(likes)).toHaveLength(3)
    await apply([write('create', undefined, { subject: other, createdAt }, likes)])
    expect(await list(likes)).toHaveLength(4)
    await create(likes, other)
    expect(await list(likes)).toHaveLength(2)
    expect(await list('app.bsky.feed.repost')).toHaveLength(1)
  })
})
