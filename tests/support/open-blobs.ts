/** The blobs of an account by themselves: reconciliation over a database with unsettled rows. */
import { type BlobPorts, Blobs } from '#src/account/blobs.ts'
import { accountSchema } from '#src/account/schema.ts'
import type { SqlValue } from '#src/ports/sql.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

export const did = 'did:plc:alice'
export const cidOf = (n: number) => `cid${String(n).padStart(3, '0')}`
export const place = (n: number) => `place/${did}/${cidOf(n)}`

export interface Row {
  n: number
  used?: boolean
  takenDown?: boolean
  tempKey?: string
}

/** Blobs over a database with these unsettled rows, whose bytes are in the storage. */
export async function openBlobs(rows: readonly Row[], ports: Partial<BlobPorts> = {}) {
  const sql = nodeSql({ schema: accountSchema })
  const storage = memoryBlobStorage()
  const insert = async ({ n, used = false, takenDown = false, tempKey }: Row) => {
    await sql.batch([
      {
        sql: `INSERT INTO blob (cid, mime_type, size, temp_key, state, created_at, takedown_ref)
              VALUES (?, 'text/plain', 1, ?, 'unsettled', 0, ?)`,
        params: [cidOf(n), tempKey ?? null, takenDown ? 'reason' : null],
      },
      ...(used
        ? [{ sql: 'INSERT INTO record_blob VALUES (?, ?)', params: [cidOf(n), `a.b/${n}`] }]
        : []),
    ])
    storage.files.set(tempKey ? `temp/${did}/${tempKey}` : place(n), Uint8Array.of(n))
  }
  await Promise.all(rows.map(insert))
  const before = sql.batches
  let now = 0
  const pauses: number[] = []
  const failures: unknown[] = []
  const awake: Promise<unknown>[] = []
  const pages: number[] = []
  const all = async <R>(text: string, ...params: SqlValue[]) => {
    const page = await sql.all<R>(text, ...params)
    pages.push(page.length)
    return page
  }
  let syncs = 0
  let onSync = () => {}
  const durable = () => {
    syncs++
    onSync()
    return sql.durable()
  }
  const blobs = new Blobs({
    ...{
      did,
      storage,
      quotaBytes: undefined,
      sql: { ...sql, all, durable },
      clock: { now: () => now },
    },
    keepAwake: (work) => void awake.push(work),
    pause: async (ms) => {
      pauses.push(ms)
      if (ms >= 5_000) await new Promise(() => {})
    },
    onFailure: (error) => void failures.push(error),
    ...ports,
  })
  return {
    ...{ blobs, sql, storage, insert, pauses, failures, awake, pages },
    pass: (ms: number) => {
      now += ms
    },
    transactions: () => sql.batches - before,
    syncs: () => syncs,
    onSync: (run: () => void) => {
      onSync = run
    },
    unsettled: async () =>
      (await sql.all<{ cid: string }>(`SELECT cid FROM blob WHERE state = 'unsettled'`)).map(
        ({ cid }) => cid,
      ),
  }
}

export async function reconciled(blobs: Blobs): Promise<void> {
  blobs.reconcile()
  await blobs.whenReconciled()
}

export const many = (count: number): Row[] =>
  Array.from({ length: count }, (_, n) => ({ n, used: true }))
