/** Repo commits, version 3: encoded, signed, and bundled with their proof (repository specification). */
import type { Block } from '#src/protocol/car.ts'
import { CborWriter } from '#src/protocol/cbor.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { encodeNode, type TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof } from '#src/protocol/tree-walk.ts'

/** Signs bytes with an account's key: sha-256, ECDSA low-S, 64 bytes. */
export interface Signer {
  sign(bytes: Uint8Array): Uint8Array
}

export interface Commit {
  cid: string
  rev: string
  data: string
  block: Uint8Array
}

const writer = new CborWriter()

export function signCommit(did: string, rev: string, data: string, signer: Signer): Commit {
  const sig = signer.sign(encodeCommit(did, rev, data, null))
  const block = encodeCommit(did, rev, data, sig)
  return { cid: cidForCbor(block), rev, data, block }
}

// Keys in DAG-CBOR order: by length, then by bytes.
function encodeCommit(did: string, rev: string, data: string, sig: Uint8Array | null): Uint8Array {
  writer
    .map(sig === null ? 5 : 6)
    .text('did')
    .text(did)
    .text('rev')
    .text(rev)
  if (sig !== null) writer.text('sig').bytes(sig)
  return writer.text('data').link(data).text('prev').null().text('version').uint(3).take()
}

export function coveringBlocks(tree: TreeNode, keys: Iterable<string>): Block[] {
  const nodes = new Set<TreeNode>()
  for (const key of keys) collectCoveringProof(tree, key, nodes)
  return [...nodes].map(nodeBlock)
}

export function nodeBlock(node: TreeNode): Block {
  const bytes = encodeNode(node)
  node.cid ??= cidForCbor(bytes)
  return [node.cid, bytes]
}
