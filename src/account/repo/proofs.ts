/** getLatestCommit, getHead, getRepoStatus, getBlocks and sync.getRecord: small reads of the signed tree. */

import { mustBeReadable, type Reader } from '#src/account/access.ts'
import type { Account } from '#src/account/account.ts'
import { type Head, loadRoot, type Root } from '#src/account/head.ts'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import { cidOf, lookUp, type TreeNode } from '#src/protocol/tree.ts'
import { collectPath, walk } from '#src/protocol/tree-walk.ts'
import { formatAccountStatus, mustShow } from '#src/rules/states.ts'

export async function getLatestCommit(
  account: Account,
  as: Reader,
): Promise<{ cid: string; rev: string }> {
  await mustBeReadable(account, as)
  const { cid, rev } = await currentRoot(account)
  return { cid, rev }
}

export async function getHead(account: Account, as: Reader): Promise<{ root: string }> {
  await mustBeReadable(account, as)
  return { root: (await currentRoot(account)).cid }
}

export interface RepoStatus {
  did: string
  active: boolean
  status?: string
  rev?: string
}

export async function getRepoStatus(account: Account): Promise<RepoStatus> {
  const { status } = await account.profile.get()
  mustShow(status, account.did)
  if (status !== 'active') return { did: account.did, ...formatAccountStatus(status) }
  return { did: account.did, active: true, rev: (await currentRoot(account)).rev }
}

/** While writes replace the record faster than it is read. */
const ATTEMPTS = 5

export async function getRecordProof(
  account: Account,
  input: { collection: string; rkey: string },
  as: Reader,
): Promise<Uint8Array> {
  await mustBeReadable(account, as)
  const path = `${input.collection}/${input.rkey}`
  const { head, cid, block } = await recordAtHead(account, path)
  const nodes = new Set<TreeNode>()
  collectPath(head.tree, path, nodes)
  const blocks: Block[] = [[head.cid, head.block], ...[...nodes].map(nodeBlock)]
  if (cid !== null) blocks.push([cid, block])
  return carFile(head.cid, blocks)
}

type RecordAtHead = { head: Head } & (
  | { cid: string; block: Uint8Array }
  | { cid: null; block?: never }
)

/** Throws 400 if the record is replaced again and again meanwhile. */
async function recordAtHead(account: Account, path: string): Promise<RecordAtHead> {
  const { lane, records } = account
  for (let attempt = 1; ; attempt++) {
    const head = await lane.head()
    const cid = lookUp(head.tree, path)
    if (cid === null) return { head, cid }
    const record = await records.find(path, cid)
    if (record !== undefined) return { head, cid, block: record.value }
    if (attempt === ATTEMPTS) throw justReplaced()
    // The database is ahead of the head until the write that replaced the record is durable.
    await lane.caughtUp()
  }
}

// The answer is in memory as a whole.
const MAX_BLOCKS_BYTES = 8 * 1024 * 1024

/**
 * A CAR without roots. Throws 400 if any block is not part of the current repo, or if they are more than 8 MiB together.
 */
export async function getBlocks(
  account: Account,
  input: { cids: readonly string[] },
  as: Reader,
): Promise<Uint8Array> {
  await mustBeReadable(account, as)
  const head = await account.lane.head()
  const requested = new Set(input.cids)
  const found = new Map<string, Uint8Array>()
  let bytes = 0
  if (requested.has(head.cid)) found.set(head.cid, head.block)
  for (const step of walk(head.tree)) {
    if (found.size === requested.size) break
    if (step.node !== undefined) {
      if (requested.has(cidOf(step.node))) found.set(...nodeBlock(step.node))
    } else if (requested.has(step.cid) && !found.has(step.cid)) {
      const block = await recordBlock(account, step.key, step.cid)
      bytes += block.length
      if (bytes > MAX_BLOCKS_BYTES) throw invalidRequest('Too many bytes: ask for fewer blocks')
      found.set(step.cid, block)
    }
  }
  const missing = [...requested].filter((cid) => !found.has(cid))
  if (missing.length > 0)
    throw invalidRequest(`Could not find blocks: ${missing.join(', ')}`, 'BlockNotFound')
  return carFile(null, found)
}

async function recordBlock(account: Account, path: string, cid: string): Promise<Uint8Array> {
  const record = await account.records.find(path, cid)
  if (record === undefined) throw justReplaced()
  return record.value
}

function justReplaced(): XrpcError {
  return invalidRequest('The record was just replaced, please try again')
}

async function currentRoot(account: Account): Promise<Root> {
  const root = account.lane.cachedHead ?? (await loadRoot(account.sql))
  if (root === undefined) throw invalidRequest('Could not find repo', 'RepoNotFound')
  return root
}
