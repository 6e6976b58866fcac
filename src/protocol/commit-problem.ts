/** Checks a signed commit of another server, before it becomes the head of a repo here. */
import { cidForCbor } from '#src/protocol/cid.ts'
import { readCommit } from '#src/protocol/repo-blocks.ts'

/**
 * Why the commit cannot be kept; undefined if it can. `data` is the CID of the tree of the records that are there, and
 * `didKey` the account's key.
 */
export async function commitProblem(
  { cid, rev, block }: { cid: string; rev: string; block: Uint8Array },
  { did, data, didKey }: { did: string; data: string; didKey: string },
): Promise<string | undefined> {
  if (cidForCbor(block) !== cid) return 'the block of the commit does not match its CID'
  let commit: ReturnType<typeof readCommit>
  try {
    commit = readCommit(block)
  } catch (error) {
    return (error as Error).message
  }
  if (commit.did !== did) return `the commit is of ${commit.did}`
  if (commit.rev !== rev) return `the commit has the rev ${commit.rev}, not ${rev}`
  if (commit.data !== data) return 'the records do not match the commit'
  return (await commit.isSignedBy(didKey)) ? undefined : 'the commit is not signed by the key'
}
