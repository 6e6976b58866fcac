/** The first commit of a repo, with an empty tree. */
import type { Root } from '#src/account/head.ts'
import { carFile } from '#src/protocol/car.ts'
import { type Signer, signCommit } from '#src/protocol/commit.ts'
import { encodeCommitEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { cidOf, emptyTree, encodeNode } from '#src/protocol/tree.ts'

export function firstRoot(input: { did: string; signer: Signer; rev: string }): Root {
  return { ...signCommit(input.did, input.rev, cidOf(emptyTree), input.signer), outboxId: 0 }
}

export function firstCommitEvents(did: string, root: Root, time: string): EncodedEvent[] {
  const block = [root.cid, root.block] as const
  const node = [root.data, encodeNode(emptyTree)] as const
  return [
    encodeCommitEvent({
      did,
      time,
      commit: root.cid,
      rev: root.rev,
      since: null,
      prevData: null,
      ops: [],
      blocks: carFile(root.cid, [block, node]),
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
