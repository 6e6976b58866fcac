/** com.atproto.server.checkAccountStatus: the progress of a migration. */
import type { Account } from '#src/account/account.ts'
import { countBlobs } from '#src/account/blobs/read.ts'
import { invalidRequest } from '#src/errors.ts'
import { walk } from '#src/protocol/tree-walk.ts'
import type { AccountStatus } from '#src/rules/states.ts'

/** Without `validDid`, which the gateway adds. The last six are Tempest's; the reference PDS has none of them. */
export interface CheckAccountStatusOutput {
  activated: boolean
  repoCommit: string
  repoRev: string
  repoBlocks: number
  indexedRecords: number
  privateStateValues: number
  expectedBlobs: number
  importedBlobs: number
  active: boolean
  status: AccountStatus
  repoCount: number
  recordCount: number
  missingBlobCount: number
  migrationReady: boolean
}

/** Throws 400 NotFound if the account does not exist. */
export async function checkAccountStatus(account: Account): Promise<CheckAccountStatusOutput> {
  const { lane, profile, sql } = account
  const { status } = await profile.get()
  if (status === 'deleted') throw invalidRequest('Repo not found', 'NotFound')
  const head = await lane.head()
  const [blobs, found] = await Promise.all([
    countBlobs(account),
    sql.first<{ missing: number }>(
      `SELECT count(DISTINCT blob_cid) AS missing FROM record_blob
       WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = record_blob.blob_cid)`,
    ),
  ])
  const missingBlobCount = found?.missing ?? 0
  let nodes = 0
  const cids = new Set<string>()
  let records = 0
  for (const step of walk(head.tree)) {
    if (step.node !== undefined) nodes++
    else {
      records++
      cids.add(step.cid)
    }
  }
  return {
    activated: status === 'active',
    repoCommit: head.cid,
    repoRev: head.rev,
    repoBlocks: 1 + nodes + cids.size,
    indexedRecords: records,
    privateStateValues: 0,
    ...blobs,
    active: status === 'active',
    status,
    repoCount: 1,
    recordCount: records,
    missingBlobCount,
    migrationReady: missingBlobCount === 0,
  }
}
