/** Reconciliation by itself: when it looks, how often it tries, what it stores, and what it leaves to others. */
import { describe, expect, it } from 'vitest'
import { nodeSql } from '#tests/support/node-sql.ts'
import { cidOf, did, many, openBlobs, place, reconciled } from '#tests/support/open-blobs.ts'

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

describe('durability', () => {
  it('rows that are to be reconciled are durable first, and a page without any waits for no sync', async () => {
    const { blobs, syncs } = await openBlobs(many(1))
    await reconciled(blobs)
    expect(syncs()).toBe(1)
    await reconciled(blobs)
    expect(syncs()).toBe(1)
  })

  it('a blob whose claim ends between the read of its row and the deletion is read again', async () => {
    const { blobs, storage, pages, onSync } = await openBlobs([{ n: 1 }])
    onSync(blobs.claim([cidOf(1)]))
    await reconciled(blobs)
    expect(pages).toEqual([1, 1])
    expect([...storage.files.keys()]).toEqual([])
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
