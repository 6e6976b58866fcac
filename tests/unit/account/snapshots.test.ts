/** Snapshots by themselves: what they keep of a repo that changes, until when, and what they count. */
import { describe, expect, it } from 'vitest'
import { ExportLimits } from '#src/account/export-limits.ts'
import type { Head } from '#src/account/head.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { buildTree } from '#src/protocol/tree.ts'

const expired = expect.objectContaining({ status: 400, error: 'ExportExpired' })
const changed = expect.objectContaining({
  status: 503,
  message: 'The repo changed too much during the export, please try again',
})
const anyone = { isOwner: false }

const paths = ['a.b.c/1', 'a.b.c/2', 'a.b.c/3'] as const
const cids = paths.map((path) => cidForRaw(Buffer.from(path)))
const [cid1, cid2, cid3] = cids as [string, string, string]
const head: Head = {
  ...{ cid: 'bafyhead', rev: '3mbcdefghijk2', data: '', block: new Uint8Array(), outboxId: 0 },
  tree: buildTree([...paths], cids),
}

function openSnapshots(keptBytesEach = 100, keptBytes = 150) {
  const timers = new Map<() => void, number>()
  const timer = (ms: number, run: () => void) => {
    timers.set(run, ms)
    return () => void timers.delete(run)
  }
  const limits = new ExportLimits({ keptBytesEach, keptBytes })
  const snapshots = new Snapshots({ timer, limits })
  const begin = () => snapshots.begin(head, {}, anyone)
  const keep = (path: string, cid: string, bytes: number) =>
    snapshots.keep(path, cid, new Uint8Array(bytes))
  const keptOf = (id: string) => [...snapshots.use(id).replaced.keys()]
  return { snapshots, limits, timers, begin, keep, keptOf }
}

describe('what an export needs', () => {
  it('an export needs a record that has the CID of its head, is not passed and not kept', () => {
    const { snapshots, begin, keep } = openSnapshots()
    expect(snapshots.needs(paths[0], cid1)).toBe(false)
    const id = begin()
    expect(snapshots.needs(paths[0], cid1)).toBe(true)
    expect(snapshots.needs(paths[0], cid2)).toBe(false)
    expect(snapshots.needs('a.b.c/4', cid1)).toBe(false)
    keep(paths[2], cid3, 10)
    expect(snapshots.needs(paths[2], cid3)).toBe(false)
    snapshots.pass(id, paths[1])
    expect(paths.map((path, i) => snapshots.needs(path, cids[i]!))).toEqual([false, false, false])
  })

  it('a record is needed if one of several exports needs it, and kept for that one', () => {
    const { snapshots, begin, keep, keptOf } = openSnapshots()
    const [first, second] = [begin(), begin()]
    snapshots.pass(first, paths[0])
    expect(snapshots.needs(paths[0], cid1)).toBe(true)
    keep(paths[0], cid1, 10)
    expect([keptOf(first), keptOf(second)]).toEqual([[], [paths[0]]])
  })

  it('what is kept is dropped when the export has passed it', () => {
    const { snapshots, begin, keep, keptOf } = openSnapshots()
    const id = begin()
    keep(paths[0], cid1, 10)
    keep(paths[1], cid2, 10)
    snapshots.pass(id, paths[0])
    expect(keptOf(id)).toEqual([paths[1]])
  })
})

describe('how much is kept', () => {
  it('an export keeps as many bytes as one may, and fails with one more', () => {
    const { snapshots, begin, keep, keptOf } = openSnapshots(100, 1_000)
    const id = begin()
    keep(paths[0], cid1, 60)
    keep(paths[1], cid2, 40)
    expect(keptOf(id)).toEqual([paths[0], paths[1]])
    keep(paths[2], cid3, 1)
    expect(() => snapshots.use(id)).toThrow(changed)
  })

  it('bytes that an export has passed are free for it, and for others', () => {
    const { snapshots, limits, begin, keep, keptOf } = openSnapshots(100, 100)
    const id = begin()
    keep(paths[0], cid1, 60)
    snapshots.pass(id, paths[0])
    expect(limits.keep(100)).toBe(true)
    limits.release(100)
    keep(paths[1], cid2, 60)
    keep(paths[2], cid3, 40)
    expect(keptOf(id)).toEqual([paths[1], paths[2]])
    expect(limits.keep(1)).toBe(false)
  })

  it.each<[string, (snapshots: Snapshots, id: string) => void]>([
    ['has ended', (snapshots, id) => snapshots.end(id)],
    ['was closed', (snapshots, id) => snapshots.close(id)],
    ['was closed with all others', (snapshots) => snapshots.closeAll()],
  ])('the bytes of an export that %s are free for others, once', (_, stop) => {
    const { snapshots, limits, begin, keep } = openSnapshots(100, 100)
    const id = begin()
    keep(paths[0], cid1, 100)
    stop(snapshots, id)
    stop(snapshots, id)
    expect(limits.keep(101)).toBe(false)
    expect(limits.keep(100)).toBe(true)
  })

  it('an export that fails frees its bytes', () => {
    const { limits, begin, keep } = openSnapshots(100, 100)
    begin()
    keep(paths[0], cid1, 100)
    keep(paths[1], cid2, 1)
    expect(limits.keep(100)).toBe(true)
  })
})

describe('until when an export is known', () => {
  it('an export ends after 120 seconds without a read, which begin anew with each', () => {
    const { snapshots, timers, begin } = openSnapshots()
    const id = begin()
    expect([...timers.values()]).toEqual([120_000])
    const [first] = timers.keys()
    snapshots.use(id)
    expect([...timers.values()]).toEqual([120_000])
    expect(timers.has(first!)).toBe(false)
    for (const run of timers.keys()) run()
    expect(timers.size).toBe(0)
    expect(() => snapshots.use(id)).toThrow(expired)
  })

  it('the last page of the four exports that ended last can be read again, and they keep nothing', () => {
    const { snapshots, timers, begin, keep, keptOf } = openSnapshots()
    const ids = Array.from({ length: 5 }, begin)
    keep(paths[0], cid1, 10)
    for (const id of ids) snapshots.end(id)
    expect(timers.size).toBe(0)
    expect(() => snapshots.use(ids[0]!)).toThrow(expired)
    for (const id of ids.slice(1)) {
      expect(snapshots.use(id).head).toBe(head)
      expect(keptOf(id)).toEqual([])
    }
  })

  it('hasOpen is true from the beginning of the first export to the end of the last', () => {
    const { snapshots, begin } = openSnapshots()
    expect(snapshots.hasOpen).toBe(false)
    const [first, second] = [begin(), begin()]
    expect(snapshots.hasOpen).toBe(true)
    snapshots.end(first)
    expect(snapshots.hasOpen).toBe(true)
    snapshots.close(second)
    expect(snapshots.hasOpen).toBe(false)
  })

  it('a closed export that ends or goes on changes nothing', () => {
    const { snapshots, begin } = openSnapshots()
    const ended = Array.from({ length: 4 }, begin)
    const closed = begin()
    for (const id of ended) snapshots.end(id)
    snapshots.close(closed)
    snapshots.pass(closed, paths[0])
    snapshots.end(closed)
    for (const id of ended) expect(snapshots.use(id).head).toBe(head)
  })

  it('a closed export cannot be read, and its timer is cancelled', () => {
    const { snapshots, timers, begin } = openSnapshots()
    const id = begin()
    snapshots.close(id)
    expect(timers.size).toBe(0)
    expect(() => snapshots.use(id)).toThrow(expired)
    snapshots.end(id)
    expect(() => snapshots.use(id)).toThrow(expired)
    expect(snapshots.needs(paths[0], cid1)).toBe(false)
  })

  it('the 100 exports that failed last answer with the reason, and earlier ones as expired', () => {
    const { snapshots, begin, keep } = openSnapshots(0)
    const ids = Array.from({ length: 101 }, () => {
      const id = begin()
      keep(paths[0], cid1, 1)
      return id
    })
    expect(() => snapshots.use(ids[0]!)).toThrow(expired)
    for (const id of ids.slice(1)) expect(() => snapshots.use(id)).toThrow(changed)
  })
})
