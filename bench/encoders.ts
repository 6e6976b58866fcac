/** Our encoders beside the packages that could replace them: CPU time of the same work with the same result. */
import { createHash } from 'node:crypto'
import { parseCid } from '@atproto/lex-data'
import { MemoryBlockstore, MST } from '@atproto/repo'
import { CarBlockIterator } from '@ipld/car'
import * as ipldCar from '@ipld/car/buffer-writer'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { carFile } from '#src/protocol/car.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import { cidForCbor, cidFromBytes } from '#src/protocol/cid.ts'
import { coveringBlocks } from '#src/protocol/commit.ts'
import { buildTree, cidOf, encodeNode, put } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'
import { cpuTimes } from './cpu-time.ts'
import { assertAnswer } from './server-under-test.ts'

const RECORDS = 5000
const keyOf = (n: number) => `app.bsky.feed.post/3k${n.toString(36).padStart(11, '0')}`
const keys = Array.from({ length: RECORDS }, (_, n) => keyOf(n))
const values = keys.map((key) => cidForCbor(Buffer.from(key)))
const newKeys = Array.from({ length: 200 }, (_, n) => keyOf(RECORDS + n))
const value = values[0]!

const tree = buildTree(keys, values)
const added = put(tree, newKeys[0]!, value)
const blocks = coveringBlocks(added, [newKeys[0]!])
const [nodeCid, node] = blocks.toSorted(([, a], [, b]) => b.length - a.length)[0]!
const treeNode = [...walk(added)].find((at) => at.node !== undefined && cidOf(at.node) === nodeCid)!

async function compare(
  what: string,
  runs: number,
  ours: (n: number) => unknown,
  theirs: (n: number) => unknown,
  asText: (result: unknown) => string = String,
): Promise<void> {
  assertAnswer(asText(await ours(0)) === asText(await theirs(0)), `${what}: not the same result`)
  const times = await cpuTimes(runs, { ours, theirs })
  const columns = [times.ours, times.theirs].map((time) => time.toFixed(1).padStart(8))
  console.log(`${what.padEnd(74)}${columns.join('')} ${(times.theirs / times.ours).toFixed(1)}x`)
}

const hex = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('hex')

console.log(`${'µs of CPU'.padEnd(74)}    ours  package`)
const decodedNode = dagCbor.decode(node)
await compare(
  `a tree node of ${node.length} bytes (@ipld/dag-cbor)`,
  2000,
  () => encodeNode(treeNode.node!),
  () => dagCbor.encode(decodedNode),
  hex,
)
await compare(
  'the CID of a record of 300 bytes, as text (multiformats)',
  5000,
  () => cidForCbor(node.subarray(0, 300)),
  async () => CID.createV1(dagCbor.code, await sha256.digest(node.subarray(0, 300))).toString(),
)

const read = blocks.map(([cid, bytes]) => ({ cid: CID.parse(cid), bytes }))

function writeCar(entries: typeof read): Uint8Array {
  const roots = [entries[0]!.cid]
  const sizes = entries.map((block) => ipldCar.blockLength(block))
  const size = sizes.reduce((a, b) => a + b, ipldCar.headerLength({ roots }))
  const writer = ipldCar.createWriter(new ArrayBuffer(size), { roots })
  for (const block of entries) writer.write(block)
  return writer.close()
}

await compare(
  `a CAR file of ${blocks.length} blocks (@ipld/car, given CID objects)`,
  2000,
  () => carFile(blocks[0]![0], blocks),
  () => writeCar(read),
  hex,
)
await compare(
  `the same (@ipld/car, given CIDs as text, as we have them)`,
  2000,
  () => carFile(blocks[0]![0], blocks),
  () => writeCar(blocks.map(([cid, bytes]) => ({ cid: CID.parse(cid), bytes }))),
  hex,
)

const records = Array.from({ length: 500 }, (_, n) => {
  const bytes = dagCbor.encode({
    text: `note ${n} `.repeat(30),
    createdAt: new Date(n).toISOString(),
  })
  return [cidForCbor(bytes), bytes] as const
})
const file = carFile(records[0]![0], records)
await compare(
  `a CAR file of ${records.length} records read and checked (@ipld/car, multiformats)`,
  20,
  () => {
    const reader = new CarReader()
    const cids = reader.push(file).map(({ cid }) => cidFromBytes(cid))
    reader.end()
    return cids
  },
  async () => {
    const cids: string[] = []
    for await (const { cid, bytes } of await CarBlockIterator.fromBytes(file)) {
      const digest = createHash('sha256').update(bytes).digest()
      assertAnswer(digest.equals(cid.multihash.digest), 'a block with another CID')
      cids.push(cid.toString())
    }
    return cids
  },
)

let mst = await MST.create(new MemoryBlockstore())
for (const [i, key] of keys.entries()) mst = await mst.add(key, parseCid(values[i]!))
await mst.getPointer()
const link = parseCid(value)
await compare(
  `a record added to ${RECORDS}: root and covering proof (@atproto/repo)`,
  200,
  (n) => {
    const next = put(tree, newKeys[n]!, value)
    coveringBlocks(next, [newKeys[n]!])
    return cidOf(next)
  },
  async (n) => {
    const next = await mst.add(newKeys[n]!, link)
    await next.getCoveringProof(newKeys[n]!)
    return next.getPointer()
  },
)
