/** The values of records for lists: what each was, and nothing that is deleted for good, hidden, or not the caller's to see. */
import { expect, it } from 'vitest'
import { readValues } from '#src/account/history/read.ts'
import { deleteVersions } from '#src/account/history/settings.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const by = { did: testDid }

async function put(account: OpenAccount, rkey: string, text: string) {
  const { cid } = await putRecord(account, {
    collection,
    rkey,
    record: { $type: collection, text },
  })
  return { path: `${collection}/${rkey}`, cid }
}

async function texts(account: OpenAccount, items: { path: string; cid: string }[]) {
  const { json } = await readValues(account, { by, items })
  const { values } = JSON.parse(json) as { values: ({ text: string } | null)[] }
  return values.map((value) => value?.text.slice(0, 5))
}

it('values of records are what they were, in the order in which they are asked for', async () => {
  const account = await openTestAccount()
  const old = await put(account, 'one', 'old')
  const now = await put(account, 'one', 'now')
  const gone = await put(account, 'two', 'gone')
  await deleteRecord(account, { collection, rkey: 'two' })
  expect(await texts(account, [gone, now, old])).toEqual(['gone', 'now', 'old'])
  await deleteVersions(account, { by, collection, rkey: 'one' })
  expect(await texts(account, [gone, now, old])).toEqual(['gone', 'now', undefined])
  await setRecordTakedown(account, { collection, rkey: 'one', ref: 'mod' })
  expect(await texts(account, [now])).toEqual([undefined])
  const other = readValues(account, { by: { did: 'did:plc:other' }, items: [gone] })
  await expect(other).rejects.toMatchObject({ status: 403 })
})

it('one answer has a bounded size', async () => {
  const account = await openTestAccount()
  const items = []
  for (const rkey of ['a', 'b', 'c']) items.push(await put(account, rkey, rkey.repeat(60_000)))
  expect(await texts(account, items)).toEqual(['aaaaa', 'bbbbb', undefined])
})
