/** Takedowns of records: what they hide, what ends them, and that nobody else pays for them. */
import { describe, expect, test } from 'vitest'
import { getRecordProof } from '#src/account/repo/proofs.ts'
import { getRecord, listRecords } from '#src/account/repo/read.ts'
import { getRecordStatus, setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { openTestAccount, type TestAccount, testDid } from '#tests/support/open-account.ts'
import { foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const at = (rkey: string) => ({ collection, rkey })
const thing = (rkey: string, n = 0) => ({ ...at(rkey), record: { $type: collection, n } })

async function accountWith(...rkeys: string[]): Promise<TestAccount> {
  const account = await openTestAccount()
  for (const rkey of rkeys) await createRecord(account, thing(rkey))
  return account
}

async function listed(account: TestAccount): Promise<string[]> {
  const { json } = await listRecords(account, { collection, limit: 50 })
  const { records } = JSON.parse(json) as { records: { uri: string }[] }
  return records.map(({ uri }) => uri.split('/').at(-1)!)
}

describe('a record that is taken down', () => {
  test('is not found, nor listed, also where it was read before', async () => {
    const account = await accountWith('a', 'b', 'c')
    await getRecord(account, at('b'))
    expect(await listed(account)).toEqual(['c', 'b', 'a'])
    await setRecordTakedown(account, { ...at('b'), ref: 'case 1' })
    await expect(getRecord(account, at('b'))).rejects.toMatchObject({ error: 'RecordNotFound' })
    expect(await listed(account)).toEqual(['c', 'a'])
  })

  test('leaves pages full', async () => {
    const account = await accountWith('a', 'b', 'c', 'd')
    await setRecordTakedown(account, { ...at('c'), ref: 'case 1' })
    const { json } = await listRecords(account, { collection, limit: 2 })
    expect(JSON.parse(json)).toMatchObject({ records: [{}, {}], cursor: 'b' })
  })

  test('stays part of the signed repo', async () => {
    const account = await accountWith('a')
    const before = await account.lane.head()
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    expect((await account.lane.head()).cid).toBe(before.cid)
    await account.outbox.settled()
    expect(account.delivered.length).toBe(1)
    const proof = await getRecordProof(account, at('a'), 'anyone')
    expect(proof.length).toBeGreaterThan(100)
  })

  test('has a status that names its reason', async () => {
    const account = await accountWith('a')
    const plain = await getRecordStatus(account, at('a'))
    expect(plain).toMatchObject({ takedownRef: null })
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    expect(await getRecordStatus(account, at('a'))).toEqual({ ...plain, takedownRef: 'case 1' })
    expect(await getRecordStatus(account, at('b'))).toBeNull()
  })

  test('is shown again when the moderator thinks better of it', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await setRecordTakedown(account, { ...at('a'), ref: null })
    expect(await listed(account)).toEqual(['a'])
    expect((await getRecord(account, at('a'))).json).toContain('com.example.thing')
  })

  test('is still hidden when the account puts another value there', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await putRecord(account, thing('a', 2))
    expect(await listed(account)).toEqual([])
  })

  test('is over when the account deletes it: what follows there is seen', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await deleteRecord(account, at('a'))
    await createRecord(account, thing('a', 3))
    expect(await listed(account)).toEqual(['a'])
    expect(await account.sql.all('SELECT path FROM takedown')).toEqual([])
  })

  test('is over also where the deletion arrives with the takedown', async () => {
    const account = await accountWith('a')
    await account.takedowns.mayExist()
    await Promise.all([
      setRecordTakedown(account, { ...at('a'), ref: 'case 1' }),
      deleteRecord(account, at('a')),
    ])
    expect(await account.sql.all('SELECT path FROM takedown')).toEqual([])
  })

  test('is hidden after the account has slept', async () => {
    const account = await accountWith('a', 'b')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    const awake = await openTestAccount({ sql: account.sql })
    expect(await listed(awake)).toEqual(['b'])
  })
})

test('nothing is taken down where there is no record, so nothing lies in wait for one', async () => {
  const account = await accountWith()
  await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
  await createRecord(account, thing('a'))
  expect(await listed(account)).toEqual(['a'])
})

test('an account without takedowns asks for them once in its life', async () => {
  const account = await accountWith('a', 'b')
  const asked: string[] = []
  const first = account.sql.first.bind(account.sql)
  account.sql.first = (sql, ...params) => {
    if (sql.includes('takedown')) asked.push(sql)
    return first(sql, ...params)
  }
  for (const rkey of ['a', 'b']) await getRecord(account, at(rkey))
  await listed(account)
  await deleteRecord(account, at('a'))
  await listed(account)
  expect(asked.length).toBe(1)
})

test('an import leaves what it brings hidden, and ends what it takes away', async () => {
  const { key } = newSigningKey()
  const account = await accountWith('a', 'b')
  for (const rkey of ['a', 'b']) await setRecordTakedown(account, { ...at(rkey), ref: 'case 1' })
  const records = { [`${collection}/a`]: { $type: collection, n: 9 } }
  const repo = foreignRepo({ did: testDid, signer: key, records })
  await importCar(account, repo.car, { keys: [key.did()] })
  await createRecord(account, thing('b'))
  expect(await listed(account)).toEqual(['b'])
})
