import { beforeEach, expect, it } from 'vitest'
import { countRecords, findRecords } from '#src/account/repo/own-records.ts'
import { getRecord, listRecords } from '#src/account/repo/read.ts'
import { applyWrites, createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

let account: OpenAccount

/** One collection's name is the beginning of another's. */
beforeEach(async () => {
  account = await openTestAccount()
  const names = ['com.example.a', 'com.example.a-b', 'com.example.ab', 'org.example.z']
  const writes = names.flatMap((collection, n) =>
    Array.from({ length: 60 * (n + 1) }, (_, i) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      ...{ collection, rkey: `k${String(i).padStart(3, '0')}`, value: { $type: collection, i } },
    })),
  )
  for (let i = 0; i < writes.length; i += 200) {
    await applyWrites(account, { writes: writes.slice(i, i + 200) })
  }
})

const counts = async () =>
  (JSON.parse((await countRecords(account)).json) as { collection: string; count: number }[])
    .map(({ collection, count }) => `${collection} ${count}`)
    .sort()

it('each collection is counted, and again after a write', async () => {
  const before = ['com.example.a 60', 'com.example.a-b 120', 'com.example.ab 180']
  expect(await counts()).toEqual([...before, 'org.example.z 240'])
  await deleteRecord(account, { collection: 'org.example.z', rkey: 'k000' })
  await createRecord(account, { collection: 'org.example.y', record: { $type: 'org.example.y' } })
  expect(await counts()).toEqual([...before, 'org.example.y 1', 'org.example.z 239'])
})

it('an account without records has no collections', async () => {
  account = await openTestAccount()
  expect(await counts()).toEqual([])
  expect(await findRecords(account, { text: 'a', limit: 5 })).toEqual({ paths: [] })
})

it('records are found by a part of their key or collection, page after page and each once', async () => {
  const all: string[] = []
  let cursor: string | undefined
  do {
    const page = await findRecords(account, { text: 'k01', limit: 7, ...(cursor && { cursor }) })
    expect(page.paths.length).toBeLessThanOrEqual(7)
    all.push(...page.paths)
    cursor = page.cursor
  } while (cursor !== undefined)
  expect(all.length).toBe(40)
  expect(new Set(all).size).toBe(40)
  expect(all.every((path) => path.includes('/k01'))).toBe(true)
  const one = await findRecords(account, { text: 'org.example.z/k239', limit: 7 })
  expect(one).toEqual({ paths: ['org.example.z/k239'] })
})

it('the owner reads the records of a paused account, which nobody else does', async () => {
  await account.sql.batch([{ sql: "UPDATE account SET status = 'deactivated'", params: [] }])
  account = await openTestAccount({ sql: account.sql })
  const input = { collection: 'com.example.a', rkey: 'k000' }
  await expect(getRecord(account, input)).rejects.toMatchObject({ status: 400 })
  expect((await getRecord(account, input, 'self')).json).toContain('"i":0')
  const list = { collection: 'com.example.a', limit: 2 }
  await expect(listRecords(account, list)).rejects.toMatchObject({ status: 400 })
  expect(JSON.parse((await listRecords(account, list, 'self')).json).records).toHaveLength(2)
  expect((await counts()).length).toBe(4)
})
