import { expect, it } from 'vitest'
import { accountSchema } from '#src/account/schema.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const path = (n: number) => `com.example.thing/k${String(n).padStart(3, '0')}`

/** 300 records, every 30th of them large; the longest answer and the number of queries are counted. */
async function openRecords() {
  const sql = nodeSql({ schema: accountSchema })
  const values = Array.from({ length: 300 }, (_, n) =>
    new Uint8Array(n % 30 === 0 ? 100_000 : n % 7).fill(n),
  )
  await sql.batch(
    values.map((value, n) => ({
      sql: 'INSERT INTO record (path, cid, rev, value) VALUES (?, ?, ?, ?)',
      params: [path(n), `cid${n}`, 'rev', value],
    })),
  )
  const { first } = sql
  const read = { queries: 0, longest: 0 }
  Object.assign(sql, {
    first: async (...args: Parameters<typeof first>) => {
      const row = await first(...args)
      read.queries++
      read.longest = Math.max(read.longest, JSON.stringify(row ?? null).length)
      return row
    },
  })
  return { sql, values, read, records: new StoredRecords(sql) }
}

it('StoredRecords finds many records with few queries, and large ones one by one', async () => {
  const { values, read, records } = await openRecords()
  const found = await Promise.all(values.map((_, n) => records.find(path(n))))
  expect(found.map((record) => record?.cid)).toEqual(values.map((_, n) => `cid${n}`))
  for (const [n, value] of values.entries()) {
    expect(Buffer.compare(found[n]!.value, value)).toBe(0)
  }
  // The first one is asked for before the others.
  expect(read.queries).toBe(3 + 10)
  expect(read.longest).toBeLessThan(210_000)
})

it.each([
  [251, 2],
  [252, 3],
])(
  'StoredRecords finds %i records with %i queries: the first, then 250 each',
  async (n, queries) => {
    const { sql, read, records } = await openRecords()
    await sql.batch([{ sql: 'UPDATE record SET value = cid' }])
    await Promise.all(Array.from({ length: n }, (_, i) => records.find(path(i))))
    expect(read.queries).toBe(queries)
  },
)

it.each([
  [16_384, 1],
  [16_385, 2],
])('StoredRecords finds a record of %i bytes with %i queries', async (size, queries) => {
  const { sql, read, records } = await openRecords()
  const value = new Uint8Array(size).fill(7)
  await sql.batch([{ sql: 'UPDATE record SET value = ? WHERE path = ?', params: [value, path(1)] }])
  expect(Buffer.compare((await records.find(path(1)))!.value, value)).toBe(0)
  expect(read.queries).toBe(queries)
})

it('StoredRecords reads a record once for all who ask for it at a time', async () => {
  const { read, records } = await openRecords()
  await Promise.all(Array.from({ length: 50 }, () => records.find(path(30))))
  expect(read.queries).toBe(4)
})

it('StoredRecords finds a record with another CID, or at an empty path, not at all', async () => {
  const { records } = await openRecords()
  expect(await records.find(path(1), 'cid2')).toBeUndefined()
  expect(await records.find(path(1), 'cid1')).toMatchObject({ cid: 'cid1' })
  expect(await records.find(path(999))).toBeUndefined()
})

it('StoredRecords fails only for the records that it has not read', async () => {
  const { sql, records } = await openRecords()
  const { first } = sql
  let queries = 0
  Object.assign(sql, {
    first: (...args: Parameters<typeof first>) => {
      queries++
      return queries === 4 ? Promise.reject(new Error('disk I/O error')) : first(...args)
    },
  })
  const [zero, one, large, last] = [0, 1, 30, 31].map((n) => records.find(path(n)))
  await expect(zero).resolves.toMatchObject({ cid: 'cid0' })
  await expect(one).resolves.toMatchObject({ cid: 'cid1' })
  await expect(large).rejects.toThrow('disk I/O error')
  await expect(last).rejects.toThrow('disk I/O error')
  expect(await records.find(path(30))).toMatchObject({ cid: 'cid30' })
})
