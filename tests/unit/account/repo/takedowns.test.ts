/** Takedowns of records: what they hide, what ends them, and that other accounts do not pay for them. */
import { describe, expect, test } from 'vitest'
import { getRecordProof } from '#src/account/repo/proofs.ts'
import { getRecord, listRecords } from '#src/account/repo/read.ts'
import { getRecordStatus, setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const at = (rkey: string) => ({ collection, rkey })
const thing = (rkey: string, n = 0) => ({ ...at(rkey), record: { $type: collection, n } })

async function accountWith(...rkeys: string[]): Promise<OpenAccount> {
  const account = await openTestAccount()
  for (const rkey of rkeys) await createRecord(account, thing(rkey))
  return account
}

async function listed(account: OpenAccount): Promise<string[]> {
  const { json } = await listRecords(account, { collection, limit: 50 })
  const { records } = JSON.parse(json) as { records: { uri: string }[] }
  return records.map(({ uri }) => uri.split('/').at(-1)!)
}

describe('a record that is taken down', () => {
  test('a record that is taken down is not found and not listed, even if it was read before', async () => {
    const account = await accountWith('a', 'b', 'c')
    await getRecord(account, at('b'))
    expect(await listed(account)).toEqual(['c', 'b', 'a'])
    await setRecordTakedown(account, { ...at('b'), ref: 'case 1' })
    await expect(getRecord(account, at('b'))).rejects.toMatchObject({ error: 'RecordNotFound' })
    expect(await listed(account)).toEqual(['c', 'a'])
  })

  test('listRecords fills its pages although records are taken down', async () => {
    const account = await accountWith('a', 'b', 'c', 'd')
    await setRecordTakedown(account, { ...at('c'), ref: 'case 1' })
    const { json } = await listRecords(account, { collection, limit: 2 })
    expect(JSON.parse(json)).toMatchObject({ records: [{}, {}], cursor: 'b' })
  })

  test('a record that is taken down stays in the signed repo', async () => {
    const account = await accountWith('a')
    const before = await account.lane.head()
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    expect((await account.lane.head()).cid).toBe(before.cid)
    await account.outbox.settled()
    expect(account.delivered.length).toBe(1)
    const proof = await getRecordProof(account, at('a'), 'anyone')
    expect(proof.length).toBeGreaterThan(100)
  })

  test('the status of a record that is taken down has its reason', async () => {
    const account = await accountWith('a')
    const plain = await getRecordStatus(account, at('a'))
    expect(plain).toMatchObject({ takedownRef: null })
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    expect(await getRecordStatus(account, at('a'))).toEqual({ ...plain, takedownRef: 'case 1' })
    expect(await getRecordStatus(account, at('b'))).toBeNull()
  })

  test('a record is shown again when its takedown is reversed', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await setRecordTakedown(account, { ...at('a'), ref: null })
    expect(await listed(account)).toEqual(['a'])
    expect((await getRecord(account, at('a'))).json).toContain('com.example.thing')
  })

  test('a record that is taken down stays hidden when its value is replaced', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await putRecord(account, thing('a', 2))
    expect(await listed(account)).toEqual([])
  })

  test('the takedown of a record ends with its deletion: a new record at the path is visible', async () => {
    const account = await accountWith('a')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    await deleteRecord(account, at('a'))
    await createRecord(account, thing('a', 3))
    expect(await listed(account)).toEqual(['a'])
    expect(await account.sql.all('SELECT path FROM takedown')).toEqual([])
  })

  test('the takedown of a record ends even if the deletion is concurrent with it', async () => {
    const account = await accountWith('a')
    await account.takedowns.mayExist()
    await Promise.all([
      setRecordTakedown(account, { ...at('a'), ref: 'case 1' }),
      deleteRecord(account, at('a')),
    ])
    expect(await account.sql.all('SELECT path FROM takedown')).toEqual([])
  })

  test('a record that is taken down is hidden after the account slept', async () => {
    const account = await accountWith('a', 'b')
    await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
    const awake = await openTestAccount({ sql: account.sql })
    expect(await listed(awake)).toEqual(['b'])
  })
})

test('a takedown of a record that does not exist has no effect on a later one', async () => {
  const account = await accountWith()
  await setRecordTakedown(account, { ...at('a'), ref: 'case 1' })
  await createRecord(account, thing('a'))
  expect(await listed(account)).toEqual(['a'])
})

test('an account without takedowns queries for them once per wake', async () => {
  const account = await accountWith('a', 'b')
  const requests: string[] = []
  const first = account.sql.first.bind(account.sql)
  account.sql.first = (sql, ...params) => {
    if (sql.includes('takedown')) requests.push(sql)
    return first(sql, ...params)
  }
  for (const rkey of ['a', 'b']) await getRecord(account, at(rkey))
  await listed(account)
  await deleteRecord(account, at('a'))
  await listed(account)
  expect(requests.length).toBe(1)
})

test('importRepo keeps the takedowns of records that it contains, and ends those of the others', async () => {
  const { key } = newSigningKey()
  const account = await accountWith('a', 'b')
  for (const rkey of ['a', 'b']) await setRecordTakedown(account, { ...at(rkey), ref: 'case 1' })
  const records = { [`${collection}/a`]: { $type: collection, n: 9 } }
  const repo = foreignRepo({ did: testDid, signer: key, records })
  await importCar(account, repo.car, { keys: [key.did()] })
  await createRecord(account, thing('b'))
  expect(await listed(account)).toEqual(['b'])
})
