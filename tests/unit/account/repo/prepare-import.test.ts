/** An import whose file has arrived, step by step: what is read when, what is kept in memory, and what is staged. */
import { encode } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import { OpenImport } from '#src/account/open-import.ts'
import { prepareImport } from '#src/account/repo/prepare-import.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { Range } from '#src/ports/spool.ts'
import { type Block, carFile, carHeader } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { nodeBlock, signCommit } from '#src/protocol/commit.ts'
import { tid } from '#src/protocol/tid.ts'
import { buildTree, cidOf, layerOf } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'
import { countTurns } from '#tests/support/count-turns.ts'
import { openTestAccount, testDid, testImportLimits } from '#tests/support/open-account.ts'

const KiB = 1024
const MiB = 1024 * KiB
const { key: signer } = newSigningKey()
const keys = [signer.did()]
const emptyRecord: Block = [cidForCbor(encode({})), encode({})]
const pathOf = (n: number) => `a.b.c/${10_000 + n}`

/** A repo that has the records at these paths; all may be one block. */
function repoOf(
  records: readonly (readonly [path: string, record: Block])[],
  rev = '3kaaaaaaaaa22',
) {
  const tree = buildTree(
    records.map(([path]) => path),
    records.map(([, [cid]]) => cid),
  )
  const { cid, block } = signCommit(testDid, rev, cidOf(tree), signer)
  const nodes = [...walk(tree)].flatMap((step) => (step.node ? [nodeBlock(step.node)] : []))
  const commit: Block = [cid, block]
  const blocks = [commit, ...nodes, ...new Map(records.map(([, block]) => block))]
  return { root: cid, commit, nodes, blocks, car: carFile(cid, blocks) }
}

const sameRecords = (count: number) =>
  repoOf(Array.from({ length: count }, (_, n) => [pathOf(n), emptyRecord]))

/** A record whose block has exactly this many bytes, of at least 70,000. */
function recordOf(length: number, fill: number): Block {
  const bytes = encode({ t: new Uint8Array(length - 8).fill(fill) })
  expect(bytes).toHaveLength(length)
  return [cidForCbor(bytes), bytes]
}

interface Input {
  car: Uint8Array
  maxRecords?: number
  onCreate?: () => void
  onStage?: () => Promise<void>
  onRead?: (ranges: readonly Range[]) => void
}

/** An account with this file, and a log of what is done: `read` with ranges, `stage` with rows, `create`, `go on`. */
async function open({ car, maxRecords = 1e6, onCreate, onStage, onRead }: Input) {
  const log: [what: string, ...unknown[]][] = []
  let isOpen = false
  const account = await openTestAccount({
    importLimits: testImportLimits({ maxRecords }),
    onBatch: async (when, [first]) => {
      if (!isOpen || when === 'after') return
      if (first?.sql.includes('import_record (')) {
        log.push(['stage', JSON.parse(String(first.params?.[2])).length])
        await onStage?.()
      } else {
        log.push(['create'])
        onCreate?.()
      }
    },
  })
  const file = {
    size: car.length,
    append: async () => {},
    close: async () => {},
    read: async (ranges: readonly Range[]) => {
      log.push(['read', ...ranges.map(({ at, length }) => [at, length])])
      onRead?.(ranges)
      return ranges.map(({ at, length }) => car.subarray(at, at + length))
    },
  }
  const head = await account.lane.head()
  isOpen = true
  const prepare = () =>
    prepareImport(account, new OpenImport('', head, file), keys, () => void log.push(['go on']))
  const staged = () => account.sql.all('SELECT path, cid, rev FROM import_record')
  return { account, head, log, prepare, staged }
}

const refused = (message: string | RegExp) => ({
  status: 400,
  message: expect.stringMatching(message),
})
const stagesOf = (log: readonly unknown[][]) => log.filter(([what]) => what === 'stage')

it('an import asks before each step whether it may go on, and reads a batch while the last one is stored', async () => {
  const records = [recordOf(MiB, 1), recordOf(100_000, 2)].map(
    (block, n) => [pathOf(n), block] as const,
  )
  const { car, commit } = repoOf(records)
  const { log, prepare, staged } = await open({ car })
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
  const { log, prepare } = await open({ car: padded })
  await prepare()
  expect(log.slice(0, 4)).toEqual([
    ['go on'],
    ['read', [0, 256 * KiB]],
    ['go on'],
    ['read', [256 * KiB, 256 * KiB]],
  ])
  expect(log[4]).toEqual(['read', [expect.any(Number), blocks[0]![1].length]])
})

describe('an import stores its records in batches', () => {
  it('of 1,000 records, in the order of their paths', async () => {
    const { prepare, log, staged } = await open({ car: sameRecords(1_001).car })
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
  ])('of %s', async (_, lengths, sizes) => {
    const records = lengths.map(
      (length, n) => [pathOf(n), length === 1 ? emptyRecord : recordOf(length, n)] as const,
    )
    const { prepare, log } = await open({ car: repoOf(records).car })
    await prepare()
    expect(stagesOf(log)).toEqual(sizes.map((size) => ['stage', size]))
  })

  it('of which an empty repo has none', async () => {
    const { prepare, log, staged } = await open({ car: repoOf([]).car })
    await prepare()
    expect(log.at(-1)).toEqual(['create'])
    expect(await staged()).toEqual([])
  })
})

it('the database is not used further after a batch that fails, also if the next one cannot be read', async () => {
  const records = [recordOf(MiB, 1), recordOf(MiB, 2), recordOf(MiB, 3)]
  const { car } = repoOf(records.map((block, n) => [pathOf(n), block]))
  const second = Buffer.from(car).indexOf(records[1]![1])
  const { prepare, log } = await open({
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
  const { prepare } = await open({
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
  const { prepare, head } = await open({ car: repoOf([], rev).car })
  const prepared = await prepare()
  expect(prepared.rev > rev && prepared.rev > head.rev).toBe(true)
})

describe('a file is no import', () => {
  const { root, blocks, nodes, commit, car } = sameRecords(2)
  it.each<[string, Uint8Array, RegExp]>([
    ['without a root', carFile(null, blocks), /expected one root/],
    ['without its commit', carFile(root, blocks.slice(1)), /its commit is missing/],
    ['if its root is of another kind', foreignRoot(), /its commit is missing/],
    ['if it is cut within a block that is not used', stray().subarray(0, -1), /truncated/],
    ['if it is empty', new Uint8Array(), /truncated/],
    ['if its commit is of another account', foreignCommit(), /it belongs to did:plc:other/],
    ['if a record is none', notARecord(), /the block of a\.b\.c\/d is not a record/],
  ])('%s', async (_, bad, message) => {
    const { prepare, log } = await open({ car: bad })
    await expect(prepare()).rejects.toMatchObject(refused(message))
    expect(stagesOf(log)).toEqual([])
  })

  it('if it has more than two blocks for each record that an account may have', async () => {
    const strays = Array.from({ length: 5 }, (_, n): Block => {
      const bytes = encode({ n })
      return [cidForCbor(bytes), bytes]
    })
    const all = [commit, ...nodes, emptyRecord, ...strays]
    const fits = carFile(root, [...all.slice(0, 6), ...all.slice(0, 6)])
    await (await open({ car: fits, maxRecords: 3 })).prepare()
    const { prepare, log } = await open({ car: carFile(root, all.slice(0, 7)), maxRecords: 3 })
    await expect(prepare()).rejects.toMatchObject(refused('more than 6 blocks'))
    expect(log.filter(([what]) => what === 'read')).toHaveLength(1)
  })

  function stray(): Uint8Array {
    return carFile(root, [...blocks, [cidForRaw(Uint8Array.of(1, 2)), Uint8Array.of(1, 2)]])
  }

  function foreignRoot(): Uint8Array {
    const header = Buffer.from(carHeader([root]))
    const codec = header.indexOf(Uint8Array.of(1, 0x71, 0x12, 32)) + 1
    header[codec] = 0x70
    return Buffer.concat([header, car.subarray(header.length)])
  }

  function foreignCommit(): Uint8Array {
    const { cid, block } = signCommit(
      'did:plc:other',
      '3kaaaaaaaaa22',
      cidOf(buildTree([], [])),
      signer,
    )
    return carFile(cid, [[cid, block], nodeBlock(buildTree([], []))])
  }

  function notARecord(): Uint8Array {
    const bytes = encode([1])
    return repoOf([['a.b.c/d', [cidForCbor(bytes), bytes]]]).car
  }
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
  const { prepare, log } = await open({ car })
  await prepare()
  const reads = log.filter(([what]) => what === 'read').slice(Math.ceil(car.length / KiB / 256))
  expect(reads.map(([, ...ranges]) => ranges.map((range) => Object(range)[1]))).toEqual([
    [commit[1].length],
    [second!.length],
    [1, 1],
  ])
})
