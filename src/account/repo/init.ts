/** The first commit of a repo: with an empty tree, or with the records that the account is created with. */
import type { Root } from '#src/account/head.ts'
import type { NewRecord } from '#src/account/repo/records.ts'
import { carFile } from '#src/protocol/car.ts'
import { coveringBlocks, type Signer, signCommit } from '#src/protocol/commit.ts'
import { encodeCommitEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { cidOf, emptyTree, put, type TreeNode } from '#src/protocol/tree.ts'

export function firstTree(records: readonly NewRecord[]): TreeNode {
  return records.reduce((tree, { path, cid }) => put(tree, path, cid), emptyTree)
}

export function firstRoot(input: {
  did: string
  signer: Signer
  rev: string
  tree?: TreeNode
}): Root {
  const data = cidOf(input.tree ?? emptyTree)
  return { ...signCommit(input.did, input.rev, data, input.signer), outboxId: 0 }
}

export function firstCommitEvents(
  did: string,
  root: Root,
  time: string,
  records: readonly NewRecord[] = [],
): EncodedEvent[] {
  const block = [root.cid, root.block] as const
  const paths = records.map(({ path }) => path)
  const blocks = new Map<string, Uint8Array>([block])
  // An empty commit includes the root node.
  const covered = paths.length === 0 ? [''] : paths
  for (const [cid, bytes] of coveringBlocks(firstTree(records), covered)) blocks.set(cid, bytes)
  for (const record of records) blocks.set(record.cid, record.block)
  return [
    encodeCommitEvent({
      did,
      time,
      commit: root.cid,
      rev: root.rev,
      since: null,
      prevData: null,
      ops: records.map(({ path, cid }) => ({ action: 'create', path, cid })),
      blocks: carFile(root.cid, blocks),
    }),
    encodeSyncEvent({
      did,
      time,
      commit: root.cid,
      rev: root.rev,
      blocks: carFile(root.cid, [block]),
    }),
  ]
}
