import { expect, it } from 'vitest'
import {
  createStagingTables,
  dropStagingTables,
  hasStagingTables,
  type StagedRecord,
  stageRecords,
  swapTables,
} from '#src/account/repo/import-staging.ts'
import { accountSchema } from '#src/account/schema.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const plain: StagedRecord = {
  ...{ path: 'a.b.c/1', cid: 'cid1', bytes: Uint8Array.of(1, 2, 3), subject: null, blobs: [] },
}
const linked: StagedRecord = {
  ...{ path: 'a.b.c/2', cid: 'cid2', bytes: Uint8Array.of(4, 5) },
  ...{ subject: 'did:plc:bob', blobs: ['blob1', 'blob2'] },
}

it('records take the place of the old ones with their backlinks and blobs', async () => {
  const sql = nodeSql({ schema: accountSchema })
  await sql.batch(await createStagingTables(sql))
  await sql.batch(stageRecords([plain, linked], 'rev'))
  await sql.batch(swapTables())
  const records = await sql.all<{ path: string; cid: string; rev: string; value: Uint8Array }>(
    'SELECT path, cid, rev, value FROM record ORDER BY path',
  )
  expect(records.map(({ value, ...row }) => [row, ...value])).toEqual([
    [{ path: 'a.b.c/1', cid: 'cid1', rev: 'rev' }, 1, 2, 3],
    [{ path: 'a.b.c/2', cid: 'cid2', rev: 'rev' }, 4, 5],
  ])
  expect(await sql.all('SELECT collection, subject, path FROM backlink')).toEqual([
    { collection: 'a.b.c', subject: 'did:plc:bob', path: 'a.b.c/2' },
  ])
  expect(await sql.all('SELECT blob_cid, path FROM record_blob ORDER BY blob_cid')).toEqual([
    { blob_cid: 'blob1', path: 'a.b.c/2' },
    { blob_cid: 'blob2', path: 'a.b.c/2' },
  ])
})

it('records without backlinks and blobs are one statement, with no byte too many', () => {
  const [statement, ...others] = stageRecords([plain, { ...linked, subject: null, blobs: [] }], 'r')
  expect(others).toEqual([])
  expect(statement!.params![0]).toEqual(Uint8Array.of(1, 2, 3, 4, 5))
})

it('the columns that are inserted are those of the table', () => {
  const [, backlinks, blobs] = stageRecords([linked], 'rev')
  expect(backlinks!.sql).toContain(
    '(collection, subject, path) SELECT value ->> 0, value ->> 1, value ->> 2 FROM',
  )
  expect(blobs!.sql).toContain('(blob_cid, path) SELECT value ->> 0, value ->> 1 FROM')
})

it('the indexes of the tables have their old names again after every second import', async () => {
  const sql = nodeSql({ schema: accountSchema })
  const indexes = async () => {
    const rows = await sql.all<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
       AND tbl_name IN ('record', 'backlink', 'record_blob') ORDER BY name`,
    )
    return rows.map(({ name }) => name)
  }
  const before = await indexes()
  expect(before.length).toBeGreaterThan(1)
  for (const expected of [before.map((name) => `${name}_`), before]) {
    await sql.batch(await createStagingTables(sql))
    await sql.batch(swapTables())
    expect(await indexes()).toEqual(expected)
  }
})

it('hasStagingTables is true until they are dropped', async () => {
  const sql = nodeSql({ schema: accountSchema })
  expect(await hasStagingTables(sql)).toBe(false)
  await sql.batch(await createStagingTables(sql))
  expect(await hasStagingTables(sql)).toBe(true)
  await sql.batch(dropStagingTables())
  expect(await hasStagingTables(sql)).toBe(false)
})
