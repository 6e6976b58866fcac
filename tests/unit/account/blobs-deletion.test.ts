/** Which blobs are deleted and which stay, and what is left when an account falls asleep. */
import { describe, expect, it } from 'vitest'
import { cidOf, did, many, openBlobs, place, reconciled } from '#tests/support/open-blobs.ts'

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
