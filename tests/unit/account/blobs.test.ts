/** Reconciliation by itself: when it looks, how often it tries, what it stores, and what it leaves to others. */
import { describe, expect, it } from 'vitest'
import { type BlobPorts, Blobs } from '#src/account/blobs.ts'
import { accountSchema } from '#src/account/schema.ts'
import type { SqlValue } from '#src/ports/sql.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const did = 'did:plc:alice'
const cidOf = (n: number) => `cid${String(n).padStart(3, '0')}`
const place = (n: number) => `place/${did}/${cidOf(n)}`

interface Row {
  n: number
  used?: boolean
  takenDown?: boolean
  tempKey?: string
}

/** Blobs over a database with these unsettled rows, whose bytes are in the storage. */
async function openBlobs(rows: readonly Row[], ports: Partial<BlobPorts> = {}) {
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
  const blobs = new Blobs({
    ...{ did, storage, quotaBytes: undefined, sql: { ...sql, all }, clock: { now: () => now } },
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
    unsettled: async () =>
      (await sql.all<{ cid: string }>(`SELECT cid FROM blob WHERE state = 'unsettled'`)).map(
        ({ cid }) => cid,
      ),
  }
}

async function reconciled(blobs: Blobs): Promise<void> {
  blobs.reconcile()
  await blobs.whenReconciled()
}

const many = (count: number): Row[] => Array.from({ length: count }, (_, n) => ({ n, used: true }))

describe('what reconciliation does', () => {
  it('an activation begins with the rows that an earlier one left, and stays awake for them', async () => {
    const { blobs, storage, awake } = await openBlobs([{ n: 1 }])
    blobs.resume()
    expect(awake).toHaveLength(2)
    await Promise.all(awake)
    expect(storage.files.has(place(1))).toBe(false)
    expect(blobs.mayHaveReferences).toBe(false)
  })

  it('an activation knows that there are references, or assumes it if it cannot read', async () => {
    const { blobs, awake } = await openBlobs([{ n: 1, used: true }])
    expect(blobs.mayHaveReferences).toBe(true)
    blobs.resume()
    await Promise.all(awake)
    expect(blobs.mayHaveReferences).toBe(true)
    const sql = { ...nodeSql(), all: async () => [] }
    const failing = await openBlobs([], { sql })
    failing.blobs.resume()
    await Promise.all(failing.awake)
    expect(failing.blobs.mayHaveReferences).toBe(true)
  })

  it('an uploaded blob that no record references is deleted with its upload', async () => {
    const { blobs, storage } = await openBlobs([{ n: 1, tempKey: 'key1' }])
    storage.files.set(place(1), Uint8Array.of(1))
    await reconciled(blobs)
    expect([...storage.files.keys()]).toEqual([])
  })

  it('a blob that is lost is reported', async () => {
    const { blobs, storage, failures } = await openBlobs([{ n: 1, used: true }])
    storage.files.clear()
    await reconciled(blobs)
    expect(failures).toEqual([new Error(`blob missing from storage: ${cidOf(1)}`)])
  })

  it('a row is not looked at again before its outcome is stored, unless it asks for another', async () => {
    const { blobs, sql, storage, failures } = await openBlobs([
      { n: 1, used: true },
      { n: 2, used: true },
      { n: 3, used: true, tempKey: 'key3' },
    ])
    storage.files.delete(place(2))
    await reconciled(blobs)
    const steps: string[] = []
    storage.onStep = (step) => void steps.push(step)
    await reconciled(blobs)
    expect(steps).toEqual([])
    await sql.batch([
      { sql: `UPDATE blob SET takedown_ref = 'reason' WHERE cid = ?`, params: [cidOf(1)] },
      { sql: 'DELETE FROM record_blob WHERE blob_cid = ?', params: [cidOf(2)] },
      { sql: `UPDATE blob SET temp_key = 'again' WHERE cid = ?`, params: [cidOf(3)] },
    ])
    await reconciled(blobs)
    expect(steps).toEqual([
      `quarantine ${place(1)}`,
      `place temp/${did}/again`,
      `delete ${place(2)}`,
    ])
    expect(failures).toHaveLength(1)
  })

  it('rows are read in pages of 100', async () => {
    const { blobs, pages } = await openBlobs(many(100))
    await reconciled(blobs)
    expect(pages).toEqual([100, 0])
    const larger = await openBlobs(many(101))
    await reconciled(larger.blobs)
    expect(larger.pages).toEqual([100, 1])
    const smaller = await openBlobs(many(99))
    await reconciled(smaller.blobs)
    expect(smaller.pages).toEqual([99])
  })
})

describe('pages', () => {
  it('a page begins after the last row of the one before it, also if nothing was done', async () => {
    const { blobs, storage, pages } = await openBlobs(many(101).map(({ n }) => ({ n })))
    let deletions = 0
    storage.delete = async () => void deletions++
    storage.deleteTemps = async () => void deletions++
    const release = blobs.claim(many(101).map(({ n }) => cidOf(n)))
    await reconciled(blobs)
    expect(pages).toEqual([100, 1])
    expect(deletions).toBe(0)
    release()
    await blobs.whenReconciled()
    expect(deletions).toBe(2)
  })
})

describe('outcomes', () => {
  it('100 outcomes are stored at once, and fewer wait for the next transaction', async () => {
    const { blobs, transactions, unsettled } = await openBlobs(many(100))
    await reconciled(blobs)
    expect(transactions()).toBe(1)
    expect(await unsettled()).toEqual([])
    expect(blobs.takeOutcomes()).toEqual([])
    const fewer = await openBlobs(many(99))
    await reconciled(fewer.blobs)
    expect(fewer.transactions()).toBe(0)
    expect(fewer.blobs.takeOutcomes()).toHaveLength(99)
  })

  it('outcomes are taken once', async () => {
    const { blobs } = await openBlobs(many(2))
    await reconciled(blobs)
    expect(blobs.takeOutcomes()).toHaveLength(2)
    expect(blobs.takeOutcomes()).toEqual([])
  })

  it('outcomes are stored before the actor sleeps, in no transaction if there are none', async () => {
    const { blobs, transactions, unsettled } = await openBlobs(many(2))
    blobs.reconcile()
    await blobs.close()
    expect(transactions()).toBe(1)
    expect(await unsettled()).toEqual([])
    await blobs.close()
    expect(transactions()).toBe(1)
  })

  it('the actor sleeps although its last outcomes cannot be stored', async () => {
    const { blobs, sql } = await openBlobs(many(1))
    await reconciled(blobs)
    sql.close()
    await blobs.close()
  })
})

describe('attempts', () => {
  it('a storage that fails is asked three times, after 250 ms and a second', async () => {
    const { blobs, storage, pauses, failures } = await openBlobs(many(1))
    storage.onStep = () => {
      throw new Error('the storage is away')
    }
    await reconciled(blobs)
    expect(pauses).toEqual([250, 1_000])
    expect(failures).toEqual(Array(3).fill(new Error('the storage is away')))
    await reconciled(blobs)
    expect(pauses).toEqual([250, 1_000, 250, 1_000])
  })

  it('a write during the last attempt has attempts of its own', async () => {
    const { blobs, storage, pauses, failures } = await openBlobs(many(1))
    storage.onStep = () => {
      if (failures.length === 2) blobs.reconcile()
      throw new Error('the storage is away')
    }
    await reconciled(blobs)
    expect(pauses).toEqual([250, 1_000, 250, 1_000])
    expect(failures).toHaveLength(5)
  })

  it('what failed once is done by the next attempt', async () => {
    const { blobs, storage, pauses } = await openBlobs([{ n: 1 }])
    storage.onStep = () => {
      if (pauses.length === 0) throw new Error('the storage is away')
    }
    await reconciled(blobs)
    expect(pauses).toEqual([250])
    expect(storage.files.has(place(1))).toBe(false)
  })

  it('a write during a run is looked at by another run, which does not begin beside it', async () => {
    const { blobs, storage, insert, awake, pages } = await openBlobs([{ n: 1 }])
    storage.onStep = async (step) => {
      if (!step.endsWith(place(1))) return
      await insert({ n: 2 })
      blobs.reconcile()
    }
    await reconciled(blobs)
    expect(awake).toHaveLength(1)
    expect(pages).toEqual([1, 2])
    expect([...storage.files.keys()]).toEqual([])
  })
})

describe('blobs that must not be deleted', () => {
  it('the bytes of a blob stay until the last of its claims is released', async () => {
    const { blobs, storage } = await openBlobs([{ n: 1 }])
    const [first, second, other] = [[1], [1, 2], [2]].map((ns) => blobs.claim(ns.map(cidOf)))
    await reconciled(blobs)
    for (const release of [first!, other!]) {
      release()
      await blobs.whenReconciled()
      expect(storage.files.has(place(1))).toBe(true)
    }
    second!()
    await blobs.whenReconciled()
    expect(storage.files.has(place(1))).toBe(false)
  })

  it('a claim that prevented no deletion starts nothing when it is released', async () => {
    const { blobs, pages } = await openBlobs([])
    blobs.claim([cidOf(1)])()
    await blobs.whenReconciled()
    expect(pages).toEqual([])
    await reconciled(blobs)
    blobs.claim([cidOf(1)])()
    await blobs.whenReconciled()
    expect(pages).toEqual([0])
  })

  it('a claim of one blob does not keep others, nor a deletion from starting again', async () => {
    const { blobs, storage, pages } = await openBlobs([{ n: 1 }, { n: 2 }])
    const release = blobs.claim([cidOf(1)])
    await reconciled(blobs)
    expect([...storage.files.keys()]).toEqual([place(1)])
    await reconciled(blobs)
    release()
    await blobs.whenReconciled()
    expect([...storage.files.keys()]).toEqual([])
    expect(pages).toEqual([2, 2, 2])
  })

  it('a claim says that there may be references', async () => {
    const { blobs, awake } = await openBlobs([])
    blobs.resume()
    await Promise.all(awake)
    expect(blobs.mayHaveReferences).toBe(false)
    blobs.claim([cidOf(1)])
    expect(blobs.mayHaveReferences).toBe(true)
  })

  it('a reference that is noted while the database is asked is not forgotten', async () => {
    const { blobs, awake } = await openBlobs([])
    blobs.resume()
    blobs.noteReferences()
    await Promise.all(awake)
    expect(blobs.mayHaveReferences).toBe(true)
  })

  it.each([
    [3_000, [2]],
    [3_001, [2, 2]],
  ])('rows that were read %i ms ago are deleted or read again', async (ms, expected) => {
    const { blobs, storage, pages, pass } = await openBlobs([{ n: 1, used: true }, { n: 2 }])
    storage.onStep = (step) => {
      if (step === `unquarantine aside/${did}/${cidOf(1)}`) pass(ms)
    }
    await reconciled(blobs)
    expect(pages).toEqual(expected)
    expect([...storage.files.keys()]).toEqual([place(1)])
  })
})

describe('sleep', () => {
  it('close waits 5 seconds, and the rest is left to the next activation', async () => {
    const timeout = Promise.withResolvers<void>()
    const pauses: number[] = []
    const { blobs, storage, awake, pages } = await openBlobs([...many(2), { n: 3 }], {
      pause: (ms) => {
        pauses.push(ms)
        return timeout.promise
      },
    })
    const step = Promise.withResolvers<void>()
    const steps: string[] = []
    storage.onStep = (name) => {
      steps.push(name)
      return step.promise
    }
    blobs.reconcile()
    await expect.poll(() => steps.length).toBe(1)
    let isClosed = false
    const closing = blobs.close().then(() => {
      isClosed = true
    })
    await new Promise(setImmediate)
    expect([pauses, isClosed]).toEqual([[5_000], false])
    timeout.resolve()
    await closing
    step.resolve()
    await Promise.all(awake)
    expect(steps).toHaveLength(1)
    expect(storage.files.has(place(3))).toBe(true)
    await reconciled(blobs)
    expect(pages).toEqual([3])
  })

  it('nothing is deleted after close', async () => {
    const timeout = Promise.withResolvers<void>()
    const { blobs, storage, awake } = await openBlobs([{ n: 0 }, { n: 1, used: true }], {
      pause: () => timeout.promise,
    })
    const step = Promise.withResolvers<void>()
    storage.onStep = () => step.promise
    blobs.reconcile()
    timeout.resolve()
    await blobs.close()
    step.resolve()
    await Promise.all(awake)
    expect(storage.files.has(place(0))).toBe(true)
  })
})
