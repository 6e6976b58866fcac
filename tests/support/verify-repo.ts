/** Verifies repos, proofs and commits as relays and apps do: with two implementations, neither of them ours. */
import { fromUint8Array as readCar } from '@atcute/car'
import { type CidLink, decode, fromBytes, fromCidLink } from '@atcute/cbor'
import { toString as cidText } from '@atcute/cid'
import { parseDidKey, Secp256k1PublicKey } from '@atcute/crypto'
import {
  MemoryBlockStore,
  NodeStore,
  NodeWrangler,
  verifyExclusion,
  verifyInclusion,
} from '@atcute/mst'
import { fromUint8Array as readRepo, verifyRecord } from '@atcute/repo'
import { parseCid } from '@atproto/lex-data'
import { readCarWithRoot, verifyProofs, verifyRepoCar } from '@atproto/repo'
import { expect } from 'vitest'
import type { EventBody } from '#tests/support/subscription.ts'

export interface Owner {
  did: string
  /** The did:key in the DID document. */
  key: string
}

export interface VerifiedRepo {
  cid: string
  rev: string
  /** CIDs by path. */
  records: Map<string, string>
}

/** Reads a whole repo; throws if it is inconsistent or not signed by its owner. */
export async function verifiedRepo(car: Uint8Array, { did, key }: Owner): Promise<VerifiedRepo> {
  const { creates, commit } = await verifyRepoCar(car, did, key)
  const path = ({ collection, rkey }: { collection: string; rkey: string }) =>
    `${collection}/${rkey}`
  const records = new Map(creates.map((record) => [path(record), record.cid.toString()]))
  expect(new Map([...readRepo(car)].map((entry) => [path(entry), entry.cid.$link]))).toEqual(
    records,
  )
  return { cid: commit.cid.toString(), rev: commit.rev, records }
}

/** Expects a proof that the path has the record with this CID, or none if it is null. */
export async function expectProof(
  car: Uint8Array,
  { did, key }: Owner,
  { collection, rkey, cid }: { collection: string; rkey: string; cid: string | null },
): Promise<void> {
  const claim = { collection, rkey, cid: cid === null ? null : parseCid(cid) }
  const { unverified } = await verifyProofs(car, [claim as never], did, key)
  expect(unverified).toEqual([])
  const { commit, nodes } = await treeOf(car)
  const path = `${collection}/${rkey}`
  if (cid === null) return verifyExclusion(nodes, commit.data.$link, path)
  await verifyInclusion(nodes, commit.data.$link, path)
  const { publicKeyBytes } = parseDidKey(key)
  const publicKey = await Secp256k1PublicKey.importRaw(publicKeyBytes)
  const owner = did as `did:plc:${string}`
  const found = await verifyRecord({ did: owner, collection, rkey, publicKey, carBytes: car })
  expect(found.cid).toBe(cid)
}

/**
 * Expects a #commit that is signed by its owner, whose operations are in its tree, and whose operations undone give the
 * tree of `last`, the event before it.
 */
export async function expectCommit(
  body: EventBody,
  { did, key }: Owner,
  last?: EventBody,
): Promise<void> {
  const car = fromBytes(body.blocks)
  const { commit, nodes } = await treeOf(car)
  expect(commit).toMatchObject({ version: 3, did, rev: body.rev })
  const claims = body.ops.map(({ path, cid }) => {
    const [collection, rkey] = path.split('/')
    return { collection, rkey, cid: cid && parseCid(cid.$link) }
  })
  const { unverified } = await verifyProofs(car, claims as never, did, key)
  expect(unverified).toEqual([])
  expect(body.since).toBe(last?.rev ?? null)
  if (last === undefined) return
  expect(body.rev > last.rev).toBe(true)
  const before = (await treeOf(fromBytes(last.blocks))).commit.data.$link
  expect(body.prevData?.$link).toBe(before)
  expect(await undone(nodes, commit.data.$link, body)).toBe(before)
}

async function undone(nodes: NodeStore, data: string, { ops }: EventBody): Promise<string> {
  const tree = new NodeWrangler(nodes)
  let root = data
  for (const { path, prev } of ops.toReversed()) {
    root = await (prev ? tree.putRecord(root, path, prev) : tree.deleteRecord(root, path))
  }
  return root
}

interface Commit {
  version: number
  did: string
  rev: string
  data: CidLink
}

async function treeOf(car: Uint8Array): Promise<{ commit: Commit; nodes: NodeStore }> {
  // Checks each block against its CID, which the other reader does not.
  await readCarWithRoot(car)
  const { roots, ...reader } = readCarBlocks(car)
  const nodes = new NodeStore(new MemoryBlockStore(reader.blocks))
  return { commit: decode(reader.blocks.get(roots[0]!)!), nodes }
}

export function readCarBlocks(car: Uint8Array): {
  roots: string[]
  blocks: Map<string, Uint8Array<ArrayBuffer>>
} {
  const reader = readCar(car)
  const blocks = [...reader].map(({ cid, bytes }) => [cidText(cid), bytes.slice()] as const)
  return { roots: reader.roots.map((root) => cidText(fromCidLink(root))), blocks: new Map(blocks) }
}
