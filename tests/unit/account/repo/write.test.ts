/** createRecord, putRecord, deleteRecord and applyWrites: what they return, replace, leave as it is, and refuse. */
import { beforeEach, describe, expect, test } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const createdAt = '2026-01-01T00:00:00.000Z'
const otherCid = 'bafyreib2rxk3rybloqtqwbo7xkhc4h2qkcq6wdzx2vdvpwz2hbz4lnpvpy'
const at = (rkey: string) => ({ collection, rkey })
const thing = (rkey: string, n = 0) => ({ ...at(rkey), record: { $type: collection, n } })

let account: OpenAccount

beforeEach(async () => {
  account = await openTestAccount()
})

async function paths(): Promise<string[]> {
  const rows = await account.sql.all<{ path: string }>('SELECT path FROM record ORDER BY path')
  return rows.map(({ path }) => path)
}

async function headCid(): Promise<string> {
  return (await account.lane.head()).cid
}

/** Throws unless the call is refused with InvalidSwap and this message, and changes nothing. */
async function expectInvalidSwap(call: () => Promise<unknown>, message: string): Promise<void> {
  const before = await headCid()
  const refusal = { status: 400, error: 'InvalidSwap', message }
  await expect(call()).rejects.toMatchObject(refusal)
  expect(await headCid()).toBe(before)
}

test('createRecord gives a record without rkey a TID, and returns its URI, CID, commit and status', async () => {
  const { rkey: _, ...input } = thing('')
  const { uri, cid, commit, validationStatus } = await createRecord(account, input)
  expect(uri).toMatch(new RegExp(`^at://${testDid}/${collection}/[2-7a-z]{13}$`))
  const rows = await account.sql.all('SELECT path, cid FROM record')
  expect(rows).toEqual([{ path: uri.slice(`at://${testDid}/`.length), cid }])
  const { cid: head, rev } = await account.lane.head()
  expect(commit).toEqual({ cid: head, rev })
  expect(validationStatus).toBe('unknown')
})

test('a record that is not validated has no validationStatus', async () => {
  const written = await createRecord(account, { ...thing('a'), validate: false })
  expect(written).not.toHaveProperty('validationStatus')
})

test('createRecord and putRecord refuse a slur as rkey', async () => {
  const refusal = { status: 400, message: 'Unacceptable slur in record key' }
  await expect(createRecord(account, thing('k1ke'))).rejects.toMatchObject(refusal)
  await expect(putRecord(account, thing('k1ke'))).rejects.toMatchObject(refusal)
})

test('putRecord of an equal record is no commit, whatever the swaps say', async () => {
  const { cid } = await putRecord(account, thing('a'))
  const before = await headCid()
  const again = await putRecord(account, {
    ...thing('a'),
    swapRecord: null,
    swapCommit: otherCid,
  })
  expect(again).toMatchObject({ cid, uri: `at://${testDid}/${collection}/a` })
  expect(again).not.toHaveProperty('commit')
  expect(await headCid()).toBe(before)
})

test('putRecord checks swapRecord, for which null is no record', async () => {
  const none = (swapRecord: string | null) => putRecord(account, { ...thing('a'), swapRecord })
  await expectInvalidSwap(() => none(otherCid), 'Record was at null')
  const { cid } = await none(null)
  const put = (swapRecord: string | null) => putRecord(account, { ...thing('a', 1), swapRecord })
  await expectInvalidSwap(() => put(null), `Record was at ${cid}`)
  await expectInvalidSwap(() => put(otherCid), `Record was at ${cid}`)
  expect((await put(cid)).commit).toEqual({ cid: await headCid(), rev: expect.any(String) })
})

test('putRecord and deleteRecord check swapCommit', async () => {
  await putRecord(account, thing('a'))
  const before = await headCid()
  const message = `Commit was at ${before}`
  const swapCommit = otherCid
  await expectInvalidSwap(() => putRecord(account, { ...thing('a', 1), swapCommit }), message)
  await expectInvalidSwap(() => deleteRecord(account, { ...at('a'), swapCommit }), message)
  await deleteRecord(account, { ...at('a'), swapCommit: before })
  expect(await paths()).toEqual([])
})

test('deleteRecord returns its commit, and checks swapRecord', async () => {
  const { cid } = await createRecord(account, thing('a'))
  const remove = (swapRecord: string | null) => deleteRecord(account, { ...at('a'), swapRecord })
  await expectInvalidSwap(() => remove(otherCid), `Record was at ${cid}`)
  await expectInvalidSwap(() => remove(null), `Record was at ${cid}`)
  const { commit } = await remove(cid)
  expect(commit?.cid).toBe(await headCid())
  expect(await paths()).toEqual([])
})

test('deleteRecord of a missing record is no commit, whatever the swaps say', async () => {
  const before = await headCid()
  const swaps = { swapRecord: otherCid, swapCommit: otherCid }
  expect(await deleteRecord(account, { ...at('a'), ...swaps })).toEqual({})
  expect(await headCid()).toBe(before)
})

test('applyWrites returns the result of each write, in order', async () => {
  await createRecord(account, thing('a'))
  await createRecord(account, thing('b'))
  const value = { $type: collection, n: 2 }
  const { commit, results } = await applyWrites(account, {
    writes: [
      { $type: 'com.atproto.repo.applyWrites#delete', ...at('a') },
      { $type: 'com.atproto.repo.applyWrites#update', ...at('b'), value },
      { $type: 'com.atproto.repo.applyWrites#create', ...at('c'), value },
      { $type: 'com.atproto.repo.applyWrites#create', collection, value },
    ],
  })
  const { cid } = await putRecord(account, { ...at('b'), record: value })
  const written = { cid, validationStatus: 'unknown' }
  expect(results).toEqual([
    { $type: 'com.atproto.repo.applyWrites#deleteResult' },
    {
      $type: 'com.atproto.repo.applyWrites#updateResult',
      uri: `at://${testDid}/${collection}/b`,
      ...written,
    },
    {
      $type: 'com.atproto.repo.applyWrites#createResult',
      uri: `at://${testDid}/${collection}/c`,
      ...written,
    },
    {
      $type: 'com.atproto.repo.applyWrites#createResult',
      uri: expect.stringMatching(/\/[2-7a-z]{13}$/),
      ...written,
    },
  ])
  expect(commit.cid).toBe(await headCid())
  expect(await paths()).toHaveLength(3)
})

test('applyWrites names the write that is invalid', async () => {
  const $type = 'com.atproto.repo.applyWrites#create' as const
  const post = { $type, collection: 'app.bsky.feed.post' }
  const writes = [
    { ...post, value: { text: 'hi', createdAt } },
    { ...post, value: { text: 5, createdAt } },
  ]
  const refusal = { status: 400, message: expect.stringContaining('writes[1].value.text') }
  await expect(applyWrites(account, { writes })).rejects.toMatchObject(refusal)
})

describe('records with a subject', () => {
  const like = (rkey: string, of: string, more: object = {}) => ({
    ...{ collection: 'app.bsky.feed.like', rkey: `3mbcdefghij${rkey}` },
    record: {
      $type: 'app.bsky.feed.like',
      createdAt,
      subject: { uri: `at://${testDid}/app.bsky.feed.post/${of}`, cid: otherCid },
      ...more,
    },
  })
  const keys = async () => (await paths()).map((path) => path.slice(-2))

  test('createRecord replaces the records with the same subject in one commit', async () => {
    await createRecord(account, { ...like('a2', 'one'), validate: false })
    await createRecord(account, { ...like('b2', 'one'), validate: false })
    await createRecord(account, like('c2', 'two'))
    expect(await keys()).toEqual(['a2', 'b2', 'c2'])
    await createRecord(account, like('d2', 'one'))
    expect(await keys()).toEqual(['c2', 'd2'])
    await account.outbox.settled()
    expect(account.delivered).toHaveLength(4)
  })

  test('createRecord without validation, and putRecord, replace no other record', async () => {
    await createRecord(account, like('a2', 'one'))
    await createRecord(account, { ...like('b2', 'one'), validate: false })
    await putRecord(account, like('c2', 'one'))
    expect(await keys()).toEqual(['a2', 'b2', 'c2'])
  })

  test('a record whose subject was replaced does not count for the former one', async () => {
    await createRecord(account, like('a2', 'one'))
    await putRecord(account, like('a2', 'two'))
    await createRecord(account, like('b2', 'one'))
    expect(await keys()).toEqual(['a2', 'b2'])
  })

  test('createRecord does not replace a record whose deletion is not stored yet', async () => {
    await createRecord(account, like('a2', 'one'))
    const { collection, rkey } = like('a2', 'one')
    await Promise.all([
      deleteRecord(account, { collection, rkey }),
      createRecord(account, like('b2', 'one')),
    ])
    expect(await keys()).toEqual(['b2'])
  })

  test('createRecord with the rkey of the record of the same subject is refused with 409', async () => {
    await createRecord(account, like('a2', 'one'))
    const again = createRecord(account, like('a2', 'one', { createdAt: '2026-01-02T00:00:00Z' }))
    await expect(again).rejects.toMatchObject({ status: 409 })
  })
})

test('an account that is not active takes no writes, not even those that would change nothing or are invalid', async () => {
  await createRecord(account, thing('a'))
  await changeState(account, { active: false })
  const invalid = { ...at('b'), record: { $type: 'com.example.other' } }
  const $type = 'com.atproto.repo.applyWrites#create' as const
  const outcomes = await Promise.allSettled([
    putRecord(account, thing('a')),
    deleteRecord(account, at('missing')),
    createRecord(account, invalid),
    applyWrites(account, { writes: [{ $type, ...at('b'), value: invalid.record }] }),
  ])
  const reason = expect.objectContaining({ status: 401, error: 'AccountDeactivated' })
  expect(outcomes).toEqual(Array(4).fill({ status: 'rejected', reason }))
})
