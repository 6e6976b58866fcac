import { expect, it } from 'vitest'
import { insertRows } from '#src/ports/sql.ts'
import { sequencerSchema } from '#src/sequencer/schema.ts'
import { readStoredEvents } from '#src/sequencer/stored-events.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

/** Frames with NULs at both ends and invalid UTF-8, stored out of order. */
async function stored(...rows: [seq: number, frame: Uint8Array][]) {
  const sql = nodeSql({ schema: sequencerSchema })
  const values = rows.map(([seq, frame]) => [seq, 'did:plc:a', '#commit', null, frame])
  await sql.batch([insertRows('INSERT INTO log (seq, did, kind, prior, frame)', values)])
  return sql
}

const bytes = (...values: number[]) => Uint8Array.from(values)

it('stored events return every byte of every frame, in order of seq', async () => {
  const rows: [number, Uint8Array][] = [
    [1_700_000_000_000_000, bytes(0, 0xff, 0xfe, 0, 0)],
    [7, bytes(0)],
    [9, bytes(0xc3, 0x28, 0)],
    [8, bytes(0, 0, 0xed, 0xa0, 0x80)],
  ]
  const sql = await stored(...rows)
  const events = await readStoredEvents(sql, {
    after: 0,
    through: 2e15,
    limit: 10,
    maxBytes: 1_000,
  })
  const sorted = rows.toSorted(([a], [b]) => a - b)
  expect(events.map(({ seq, frame }) => [seq, [...frame]])).toEqual(
    sorted.map(([seq, frame]) => [seq, [...frame]]),
  )
})

it('stored events begin after one seq and end at another, up to the limit', async () => {
  const sql = await stored([1, bytes(1)], [2, bytes(2)], [3, bytes(3)], [4, bytes(4)])
  const page = async (through: number, limit: number) =>
    (await readStoredEvents(sql, { after: 1, through, limit, maxBytes: 1_000 })).map(
      ({ seq, frame }) => [seq, ...frame],
    )
  expect(await page(4, 2)).toEqual([
    [2, 2],
    [3, 3],
  ])
  expect(await page(2, 2)).toEqual([[2, 2]])
  expect(await page(1, 2)).toEqual([])
})

it('stored events are limited in bytes, but at least one frame is returned', async () => {
  const large = new Uint8Array(100).fill(7)
  const sql = await stored([1, large], [2, bytes(0, 1)], [3, bytes(0, 2)], [4, large])
  const page = async (after: number) =>
    (await readStoredEvents(sql, { after, through: 4, limit: 10, maxBytes: 50 })).map(
      ({ seq }) => seq,
    )
  expect(await page(0)).toEqual([1])
  expect(await page(1)).toEqual([2, 3])
  expect(await page(3)).toEqual([4])
  expect(await page(4)).toEqual([])
})
