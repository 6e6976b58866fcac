/** Commits of several writes: what is refused, and what the #commit event of each holds. */
import { CarReader } from '@ipld/car'
import { expect, test } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { applyWrites, createRecord, type Write } from '#src/account/repo/write.ts'
import type { SqlValue } from '#src/ports/sql.ts'
import { eventBody } from '#src/protocol/frames.ts'
import { cidOf } from '#src/protocol/tree.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'

function create(rkey: string, text = ''): Write {
  const value = { $type: collection, text }
  return { $type: 'com.atproto.repo.applyWrites#create', collection, rkey, value }
}

function update(rkey: string, text = ''): Write {
  const value = { $type: collection, text }
  return { $type: 'com.atproto.repo.applyWrites#update', collection, rkey, value }
}

function remove(rkey: string): Write {
  return { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey }
}

/** The body of the last event. */
async function lastEvent(account: OpenAccount): Promise<Readonly<Record<string, unknown>>> {
  await account.outbox.settled()
  const { event, seqAt } = account.delivered.at(-1)!
  return eventBody(event, seqAt)
}

async function cidsIn(car: unknown): Promise<string[]> {
  const reader = await CarReader.fromBytes(car as Uint8Array)
  const cids: string[] = []
  for await (const { cid } of reader.blocks()) cids.push(cid.toString())
  return cids
}

async function expectRefused(account: OpenAccount, writes: readonly Write[], error: object) {
  const { cid } = await account.lane.head()
  await expect(applyWrites(account, { writes })).rejects.toMatchObject(error)
  expect((await account.lane.head()).cid).toBe(cid)
}

test('a commit takes 200 writes, and more are refused with 400 and change nothing', async () => {
  const account = await openTestAccount()
  const writes = Array.from({ length: 201 }, (_, n) => create(`k${n}`))
  const message = 'Too many writes. Max: 200'
  await expectRefused(account, writes, { status: 400, error: 'InvalidRequest', message })
  const { results } = await applyWrites(account, { writes: writes.slice(1) })
  expect(results).toHaveLength(200)
})

test('a commit takes 2,000,000 bytes of blocks, and more are refused with 400 and change nothing', async () => {
  const account = await openTestAccount()
  const sized = (last: number) =>
    [600_000, 600_000, last].map((size, n) => update(`k${n}`, 'x'.repeat(size)))
  await applyWrites(account, { writes: [create('k0'), create('k1'), create('k2')] })
  await applyWrites(account, { writes: sized(700_000) })
  const { length } = (await lastEvent(account))['blocks'] as Uint8Array
  const room = 2_000_000 - length
  const message = 'Too many writes. Max event size: 2MB'
  await expectRefused(account, sized(700_000 + room + 1), { status: 400, message })
  await applyWrites(account, { writes: sized(700_000 + room) })
  expect((await lastEvent(account))['blocks']).toHaveLength(2_000_000)
})

test('applyWrites with another swapCommit than the head is refused with InvalidSwap', async () => {
  const account = await openTestAccount()
  const { commit } = await applyWrites(account, { writes: [create('a')] })
  const before = await applyWrites(account, { writes: [create('b')] })
  const error = { error: 'InvalidSwap', message: `Commit was at ${before.commit.cid}` }
  const writes = [create('c')]
  const wrong = applyWrites(account, { writes, swapCommit: commit.cid })
  await expect(wrong).rejects.toMatchObject({ status: 400, ...error })
  await applyWrites(account, { writes, swapCommit: before.commit.cid })
  await applyWrites(account, { writes: [create('d')], swapCommit: null })
})

test('a commit with two writes to one record is refused with 400 and changes nothing', async () => {
  const account = await openTestAccount()
  const refusal = { status: 400, message: `More than one write to ${collection}/a` }
  await expectRefused(account, [create('a'), update('a', 'new')], refusal)
  await expectRefused(account, [create('a'), remove('a')], refusal)
})

test('a commit that creates a record that exists is refused with 409 and changes nothing', async () => {
  const account = await openTestAccount()
  await applyWrites(account, { writes: [create('a')] })
  const message = `Record already exists: ${collection}/a`
  const refusal = { status: 409, error: 'InvalidRequest', message }
  await expectRefused(account, [create('b'), create('a', 'new')], refusal)
})

test.each([
  ['updates', update('a')],
  ['deletes', remove('a')],
])('a commit that %s a missing record is refused and changes nothing', async (_, write) => {
  const account = await openTestAccount()
  const message = `Could not locate record: ${collection}/a`
  const refusal = { status: 400, error: 'RecordNotFound', message }
  await expectRefused(account, [create('b'), write], refusal)
})

test('a write that waits while its account is deactivated is refused', async () => {
  const account = await openTestAccount()
  const [, created] = await Promise.allSettled([
    changeState(account, { active: false }),
    createRecord(account, { collection, rkey: 'a', record: { $type: collection } }),
  ])
  expect(created).toMatchObject({ reason: { status: 401, error: 'AccountDeactivated' } })
})

test('the event of an empty commit holds the commit and the root of the tree', async () => {
  const account = await openTestAccount()
  await applyWrites(account, { writes: [create('a')] })
  const { commit } = await applyWrites(account, { writes: [] })
  const { ops, blocks } = await lastEvent(account)
  const { tree } = await account.lane.head()
  expect(ops).toEqual([])
  expect(await cidsIn(blocks)).toEqual([commit.cid, cidOf(tree)])
})

test('the event of a commit holds the blocks of the records that it writes, and of no others', async () => {
  const account = await openTestAccount()
  await applyWrites(account, { writes: [create('a', 'old'), create('b', 'old')] })
  const { commit, results } = await applyWrites(account, {
    writes: [update('a', 'new'), create('c', 'newer'), remove('b')],
  })
  const cids = await cidsIn((await lastEvent(account))['blocks'])
  const written = results.flatMap((result) => ('cid' in result ? [result.cid] : []))
  expect(cids.slice(0, 2)).toEqual([commit.cid, cidOf((await account.lane.head()).tree)])
  expect(cids.slice(2)).toEqual(written)
})

test('a commit that only creates records deletes nothing from the database', async () => {
  const deletions: string[] = []
  const account = await openTestAccount({
    onBatch: (when, statements) => {
      const texts = statements.map(({ sql }) => sql)
      if (when === 'after') deletions.push(...texts.filter((sql) => sql.startsWith('DELETE')))
    },
  })
  await applyWrites(account, { writes: [create('a'), create('b')] })
  expect(deletions).toEqual([])
  await applyWrites(account, { writes: [update('a', 'new')] })
  expect(deletions.length).toBeGreaterThan(0)
})

test('createRecord replaces the record with the same subject although that is not stored yet', async () => {
  const account = await openTestAccount()
  const like = (rkey: string) => ({
    collection: 'app.bsky.feed.like',
    rkey,
    record: {
      $type: 'app.bsky.feed.like',
      createdAt: '2026-01-01T00:00:00.000Z',
      subject: {
        uri: 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3mbcdefghijk2',
        cid: 'bafyreib2rxk3rybloqtqwbo7xkhc4h2qkcq6wdzx2vdvpwz2hbz4lnpvpy',
      },
    },
  })
  await Promise.all(
    ['3mbcdefghijk2', '3mbcdefghijl2'].map((rkey) => createRecord(account, like(rkey))),
  )
  const paths = await account.sql.all('SELECT path FROM record')
  expect(paths).toEqual([{ path: 'app.bsky.feed.like/3mbcdefghijl2' }])
})

/** An account, and what its transactions and reads say of the table `blob`. */
async function openSpied() {
  const statements: string[] = []
  const isOfBlobs = (sql: string) => /(UPDATE|FROM) blob\b/.test(sql)
  const account = await openTestAccount({
    onBatch: (when, batch) => {
      if (when === 'after') statements.push(...batch.map(({ sql }) => sql).filter(isOfBlobs))
    },
  })
  const { all } = account.sql
  Object.assign(account.sql, {
    all: (sql: string, ...params: SqlValue[]) => {
      if (isOfBlobs(sql)) statements.push(sql)
      return all(sql, ...params)
    },
  })
  const spied = async (...writes: Write[]) => {
    statements.length = 0
    await applyWrites(account, { writes })
    await account.blobs.whenReconciled()
    return statements.map((sql) => sql.split(' ')[0])
  }
  return { account, spied }
}

test('a commit that creates records without blobs reads and writes no blobs', async () => {
  const { spied } = await openSpied()
  expect(await spied(create('a'), create('b'))).toEqual([])
})

test('a commit that changes records looks for the blobs that they referenced, unless the account has no references', async () => {
  const { account, spied } = await openSpied()
  await spied(create('a'), create('b'))
  expect(await spied(update('a', 'new'))).toEqual(['UPDATE', 'SELECT'])
  expect(await spied(remove('a'))).toEqual(['UPDATE', 'SELECT'])
  account.blobs.resume()
  await expect.poll(() => account.blobs.mayHaveReferences).toBe(false)
  expect(await spied(update('b', 'new'))).toEqual([])
  expect(await spied(remove('b'))).toEqual([])
})

test('a commit reads the records that it replaces only if a running export needs them', async () => {
  const account = await openTestAccount()
  await applyWrites(account, { writes: [create('a'), create('b')] })
  let reads = 0
  const { first } = account.sql
  Object.assign(account.sql, {
    first: (sql: string, ...params: SqlValue[]) => {
      reads += Number(/FROM record\b/.test(sql))
      return first(sql, ...params)
    },
  })
  await applyWrites(account, { writes: [create('c'), update('a', 'new')] })
  expect(reads).toBe(0)
  const id = account.snapshots.begin(await account.lane.head(), {}, { isOwner: true })
  await applyWrites(account, { writes: [create('d'), update('a', 'newer'), remove('b')] })
  expect(reads).toBe(2)
  expect([...account.snapshots.use(id).replaced.keys()]).toEqual(
    ['a', 'b'].map((rkey) => `${collection}/${rkey}`),
  )
})
