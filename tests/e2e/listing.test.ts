import type { ComAtprotoRepoListRecords } from '@atproto/api'
import { beforeAll, describe, expect, it } from 'vitest'
import { thing, write } from '#tests/support/records.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const keys = ['a', 'b', 'c', 'c-1', 'c.1', 'c1', 'd', 'e', 'f', 'g', 'h', 'i']
const others = ['com.example.thin', 'com.example.thing-x.y', 'com.example.things', 'zz.zz.zz']

const { server, alice } = await serverWithAccounts(['alice'])
beforeAll(async () => {
  const writes = [
    ...keys.toSorted(() => Math.random() - 0.5).map((key) => write('create', key, { key })),
    ...others.map((collection) => write('create', 'x', {}, collection)),
  ]
  await alice.agent.com.atproto.repo.applyWrites({ repo: alice.did, writes } as never)
})

describe('listRecords', () => {
  type Input = Partial<ComAtprotoRepoListRecords.QueryParams>

  async function list(input: Input = {}) {
    const query = { repo: alice.did, collection: thing, ...input }
    const { data } = await alice.agent.com.atproto.repo.listRecords(query)
    return { keys: data.records.map(({ uri }) => uri.split('/').at(-1)!), data }
  }

  async function listAll(input: Input): Promise<string[]> {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await list({ ...input, ...(cursor && { cursor }) })
      seen.push(...page.keys)
      cursor = page.data.cursor
    } while (cursor !== undefined)
    return seen
  }

  it('listRecords returns the records of one collection, in descending or ascending order of keys', async () => {
    expect((await list()).keys).toEqual(keys.toReversed())
    expect((await list({ reverse: true })).keys).toEqual(keys)
    const { data } = await list({ limit: 1 })
    expect(data).toEqual({
      records: [
        {
          uri: `at://${alice.did}/${thing}/i`,
          cid: expect.stringMatching(/^bafyrei/),
          value: { $type: thing, key: 'i' },
        },
      ],
      cursor: 'i',
    })
  })

  it.each([1, 2, 3, 5, 12, 100])(
    'listRecords returns each record once, in pages of %i',
    async (limit) => {
      expect(await listAll({ limit })).toEqual(keys.toReversed())
      expect(await listAll({ limit, reverse: true })).toEqual(keys)
    },
  )

  it('listRecords continues after a cursor whose record was deleted', async () => {
    const { data } = await list({ limit: 3 })
    const record = { repo: alice.did, collection: thing, rkey: data.cursor! }
    await alice.agent.com.atproto.repo.deleteRecord(record)
    expect((await list({ cursor: data.cursor!, limit: 2 })).keys).toEqual(['f', 'e'])
    await alice.agent.com.atproto.repo.putRecord({ ...record, record: {} })
  })

  it('listRecords accepts a handle as the repo, and has a default limit of 50', async () => {
    const many = Array.from({ length: 60 }, () =>
      write('create', undefined, {}, 'com.example.many'),
    )
    await alice.agent.com.atproto.repo.applyWrites({ repo: alice.did, writes: many } as never)
    const page = await list({ repo: alice.handle, collection: 'com.example.many' })
    expect(page.keys).toHaveLength(50)
    expect(page.data.records[0]?.uri).toContain(alice.did)
  })

  it('listRecords returns nothing, and no cursor, for an empty collection', async () => {
    expect((await list({ collection: 'com.example.empty' })).data).toEqual({ records: [] })
  })

  it('listRecords shows a write at once', async () => {
    const record = { repo: alice.did, collection: 'com.example.fresh', record: {} }
    for (let n = 1; n <= 5; n++) {
      await alice.agent.com.atproto.repo.createRecord(record)
      expect((await list({ collection: 'com.example.fresh' })).keys).toHaveLength(n)
    }
  })

  it.each([
    ['a limit of 0', { limit: '0' }],
    ['a limit of 101', { limit: '101' }],
    ['a limit that is no number', { limit: 'ten' }],
    ['a collection that is no NSID', { collection: 'thing' }],
    ['a repo that is not here', { repo: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }],
    ['a repo that is no name', { repo: 'alice' }],
  ])('listRecords rejects %s', async (_, input) => {
    const query = { repo: alice.did, collection: thing, ...input }
    const attempt = call(server, 'repo.listRecords', { query })
    expect(await statusAndError(attempt)).toEqual([400, 'InvalidRequest'])
  })
})

describe('describeRepo', () => {
  it('describeRepo returns the account and its collections', async () => {
    for (const repo of [alice.did, alice.handle]) {
      const { data } = await alice.agent.com.atproto.repo.describeRepo({ repo })
      expect(data).toMatchObject({ did: alice.did, handle: alice.handle, handleIsCorrect: true })
      expect(data.didDoc).toMatchObject({ id: alice.did, alsoKnownAs: [`at://${alice.handle}`] })
      expect(data.collections).toEqual(expect.arrayContaining([thing, ...others]))
      expect(data.collections).toEqual([...new Set(data.collections)].sort())
    }
  })

  it('describeRepo lists a collection as long as it has records', async () => {
    const collections = async () => {
      const { data } = await alice.agent.com.atproto.repo.describeRepo({ repo: alice.did })
      return data.collections
    }
    const place = { repo: alice.did, collection: 'com.example.brief', rkey: 'x' }
    await alice.agent.com.atproto.repo.createRecord({ ...place, record: {} })
    expect(await collections()).toContain(place.collection)
    await alice.agent.com.atproto.repo.deleteRecord(place)
    expect(await collections()).not.toContain(place.collection)
  })

  it('describeRepo rejects an unknown repo', async () => {
    for (const repo of ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'nobody.test']) {
      const attempt = call(server, 'repo.describeRepo', { query: { repo } })
      expect(await statusAndError(attempt)).toEqual([400, 'RepoNotFound'])
    }
  })
})

describe('getRecord', () => {
  it.each([
    ['a record', { rkey: 'missing' }, 'RecordNotFound'],
    ['a collection', { collection: 'com.example.missing' }, 'RecordNotFound'],
    ['an invalid key', { rkey: 'a/b' }, 'InvalidRequest'],
    ['an invalid CID', { cid: 'x' }, 'InvalidRequest'],
  ])('getRecord does not find %s', async (_, input, error) => {
    const query = { repo: alice.did, collection: thing, rkey: 'a', ...input }
    expect(await statusAndError(call(server, 'repo.getRecord', { query }))).toEqual([400, error])
  })
})
