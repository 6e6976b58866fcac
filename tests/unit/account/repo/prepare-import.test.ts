/** An import whose file has arrived, step by step: what is read when, what is kept in memory, and what is staged. */
import { encode } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import { type Block, carFile } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { tid } from '#src/protocol/tid.ts'
import { layerOf } from '#src/protocol/tree.ts'
import { countTurns } from '#tests/support/count-turns.ts'
import { openTestAccount } from '#tests/support/open-account.ts'
import {
  emptyRecord,
  openPreparing,
  pathOf,
  repoOf,
  sameRecords,
} from '#tests/support/preparing-import.ts'

const KiB = 1024
const MiB = 1024 * KiB
const stagesOf = (log: readonly unknown[][]) => log.filter(([what]) => what === 'stage')

/** A record whose block has exactly this many bytes, of at least 70,000. */
function recordOf(length: number, fill: number): Block {
  const bytes = encode({ t: new Uint8Array(length - 8).fill(fill) })
  expect(bytes).toHaveLength(length)
  return [cidForCbor(bytes), bytes]
}

it('an import asks before each step whether it may go on, and reads a batch while the last one is stored', async () => {
  const records = [recordOf(MiB, 1), recordOf(100_000, 2)].map(
    (block, n) => [pathOf(n), block] as const,
  )
  const { car, commit } = repoOf(records)
  const { log, prepare, staged } = await openPreparing({ car })
  const { rev } = await prepare()
  const chunk = 256 * KiB
  const chunks = [0, 1, 2, 3].map((n) => [['go on'], ['read', [n * chunk, chunk]]])
  const at = (bytes: Uint8Array) => [Buffer.from(car).indexOf(bytes), bytes.length]
  expect(log).toEqual([
    ...chunks.flat(),
    ['go on'],
    ['read', [4 * chunk, car.length - 4 * chunk]],
    ['read', at(commit[1])],
    ['go on'],
    ['create'],
    ['read', at(records[0]![1][1])],
    ['go on'],
    ['read', at(records[1]![1][1])],
    ['stage', 1],
    ['go on'],
    ['stage', 1],
  ])
  expect(await staged()).toEqual(records.map(([path, [cid]]) => ({ path, cid, rev })))
})

it('a file whose size is a multiple of 256 KiB is read in as many pieces', async () => {
  const { root, blocks, car } = sameRecords(1)
  const stray = (length: number): Block => {
    const bytes = new Uint8Array(length)
    return [cidForRaw(bytes), bytes]
  }
  const padding = 512 * KiB - car.length
  const padded = carFile(root, [...blocks, stray(padding - 36 - 3)])
  expect(padded).toHaveLength(512 * KiB)
  const { log, prepare } = await openPreparing({ car: padded })
  await prepare()
  expect(log.slice(0, 4)).toEqual([
    ['go on'],
    ['read', [0, 256 * KiB]],
    ['go on'],
    ['read', [256 * KiB, 256 * KiB]],
  ])
  expect(log[4]).toEqual(['read', [expect.any(Number), blocks[0]![1].length]])
})

describe('batches of an import', () => {
  it('an import stores its records in batches of 1,000, in the order of their paths', async () => {
    const { prepare, log, staged } = await openPreparing({ car: sameRecords(1_001).car })
    const { rev } = await prepare()
    expect(stagesOf(log)).toEqual([
      ['stage', 1_000],
      ['stage', 1],
    ])
    const rows = Array.from({ length: 1_001 }, (_, n) => ({
      path: pathOf(n),
      cid: emptyRecord[0],
      rev,
    }))
    expect(await staged()).toEqual(rows)
  })

  it.each<[string, number[], number[]]>([
    ['1 MiB', [MiB / 2, MiB / 2, MiB / 2, MiB / 2, 1], [2, 2, 1]],
    ['1 MiB, or one larger record', [MiB + 1, 1], [1, 1]],
    ['1 MiB, also if the first record is the smallest that there is', [1, MiB, 1], [1, 1, 1]],
  ])('an import stores its records in batches of %s', async (_, lengths, sizes) => {
    const records = lengths.map(
      (length, n) => [pathOf(n), length === 1 ? emptyRecord : recordOf(length, n)] as const,
    )
    const { prepare, log } = await openPreparing({ car: repoOf(records).car })
    await prepare()
    expect(stagesOf(log)).toEqual(sizes.map((size) => ['stage', size]))
  })

  it('an import of an empty repo stores no batch', async () => {
    const { prepare, log, staged } = await openPreparing({ car: repoOf([]).car })
    await prepare()
    expect(log.at(-1)).toEqual(['create'])
    expect(await staged()).toEqual([])
  })
})

it('the database is not used further after a batch that fails, also if the next one cannot be read', async () => {
  const records = [recordOf(MiB, 1), recordOf(MiB, 2), recordOf(MiB, 3)]
  const { car } = repoOf(records.map((block, n) => [pathOf(n), block]))
  const second = Buffer.from(car).indexOf(records[1]![1])
  const { prepare, log } = await openPreparing({
    car,
    onStage: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('the engine is away')
    },
    onRead: ([{ at } = { at: 0 }]) => {
      if (at === second) throw new Error('disk I/O error')
    },
  })
  await expect(prepare()).rejects.toThrow('the engine is away')
  expect(stagesOf(log)).toEqual([['stage', 1]])
})

it.each([
  [999, 9],
  [1_000, 10],
])('of %d imported records other work has its turn after each 100', async (count, turns) => {
  let ended = () => 0
  const { prepare } = await openPreparing({
    car: sameRecords(count).car,
    onCreate: () => {
      ended = countTurns()
    },
  })
  await prepare()
  expect(ended()).toBe(turns)
})

it.each([-1, 1])('an import has a rev after both its own and that of the repo', async (seconds) => {
  const { clock } = await openTestAccount()
  const rev = tid(clock.now() * 1000 + seconds * 1e6, 1)
  const { prepare, head } = await openPreparing({ car: repoOf([], rev).car })
  const prepared = await prepare()
  expect(prepared.rev > rev && prepared.rev > head.rev).toBe(true)
})

it('an import keeps tree nodes of 16 MiB in memory, and reads further ones from its file', async () => {
  // The node below the root is a byte longer than the root, which then has exactly the room that is left.
  const names = Array.from({ length: 10_000 }, (_, n) => String(10_000 + n))
  const root = names.map((name) => `a.b.c/z${name}`).find((path) => layerOf(path) === 1)!
  const child = names
    .map((name) => `a.b.c/${name}${'x'.repeat(41)}`)
    .find((path) => layerOf(path) === 0)!
  const {
    commit,
    nodes,
    root: cid,
  } = repoOf([
    [child, emptyRecord],
    [root, emptyRecord],
  ])
  const [first, second] = nodes.map(([, bytes]) => bytes)
  expect(second!.length).toBe(first!.length + 1)
  const strays = Array.from({ length: 8 }, (_, n): Block => {
    const bytes = Buffer.alloc(n < 7 ? 2 * MiB : 2 * MiB - first!.length, n)
    bytes.write('\xa2ae', 'latin1')
    return [cidForCbor(bytes), bytes]
  })
  const car = carFile(cid, [...strays, nodes[1]!, nodes[0]!, commit, emptyRecord])
  const { prepare, log } = await openPreparing({ car })
  await prepare()
  const reads = log.filter(([what]) => what === 'read').slice(Math.ceil(car.length / KiB / 256))
  expect(reads.map(([, ...ranges]) => ranges.map((range) => Object(range)[1]))).toEqual([
    [commit[1].length],
    [second!.length],
    [1, 1],
  ])
})
