/**
 * Takes an account of the reference PDS over, with its key, its repo and its sessions (docs/design/takeover.md).
 *
 * 1. `beginTakeover` removes what an earlier attempt has left. The account does not exist then.
 * 2. Records and blobs are added in pages; they belong to no account yet.
 * 3. `finishTakeover` writes the account's row, its commit and everything else in one transaction. The commit stays the
 *    one that the reference has signed if the stored records have its tree; otherwise the account signs a new one.
 *
 * No event is emitted: for relays nothing has changed. An account that has emitted any is not replaced.
 */
import type { Account } from '#src/account/account.ts'
import { loadRoot, type Root, saveRoot, storedTree } from '#src/account/head.ts'
import type { TakenOver, TakenOverBlob } from '#src/account/lifecycle/taken-over.ts'
import { credentialRows, grantRows } from '#src/account/lifecycle/taken-over-rows.ts'
import { beginHistory } from '#src/account/past.ts'
import { insertProfile } from '#src/account/profile.ts'
import { insertRecords } from '#src/account/repo/import-staging.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { insertRows, type Sql, type Statement } from '#src/ports/sql.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { signCommit } from '#src/protocol/commit.ts'
import { commitProblem } from '#src/protocol/commit-problem.ts'
import { blockValue, readRecord } from '#src/protocol/repo-blocks.ts'
import { cidOf } from '#src/protocol/tree.ts'
import { statusOf } from '#src/rules/states.ts'

/** `isNew`: the reference's commit could not be kept. */
export interface TakeoverResult {
  cid: string
  rev: string
  isNew: boolean
}

const replaced = [
  ...['account', 'repo_root', 'record', 'tombstone', 'backlink', 'record_blob', 'blob'],
  ...['takedown', 'preferences', 'credential', 'refresh_token', 'oauth'],
]

/** Throws 403 if the account exists and has emitted events here: it is not the reference's any more. */
export async function beginTakeover(account: Account): Promise<void> {
  await mustBeUntouched(account)
  await account.sql.batch(replaced.map((table) => ({ sql: `DELETE FROM ${table}` })))
  account.profile.forget()
}

/**
 * At most 1,000 records and 1 MiB, in the order of their paths; `rev` is that of the commit. Idempotent. Throws 400 if a
 * block does not have its CID or is not a record.
 */
export async function addTakeoverRecords(
  account: Account,
  { rev, records }: { rev: string; records: readonly TakeoverRecord[] },
): Promise<void> {
  await mustBeOpen(account)
  const read = records.map(({ path, cid, bytes }) => {
    if (cidForCbor(bytes) !== cid) throw invalidRequest(`${path} does not have the CID ${cid}`)
    return { path, cid, bytes, ...readRecord(blockValue(bytes), path) }
  })
  if (read.some(({ blobs }) => blobs.length > 0)) account.blobs.noteReferences()
  // For `getRepo` with an older `since`, whose deletions are not known, every record is new.
  await account.sql.batch(insertRecords(read, rev))
}

export interface TakeoverRecord {
  path: string
  cid: string
  bytes: Uint8Array
}

/** At most 1,000. Idempotent. */
export async function addTakeoverBlobs(
  account: Account,
  { blobs }: { blobs: readonly TakenOverBlob[] },
): Promise<void> {
  await mustBeOpen(account)
  if (blobs.length === 0) return
  const rows = blobs.map((blob) => {
    const { cid, mimeType, size, tempKey, createdAt, takedownRef } = blob
    const state = tempKey === null ? null : 'temp'
    return [cid, mimeType, size, tempKey, state, createdAt, takedownRef]
  })
  const columns = 'cid, mime_type, size, temp_key, state, created_at, takedown_ref'
  await account.sql.batch([insertRows(`INSERT OR REPLACE INTO blob (${columns})`, rows)])
}

/** Idempotent. Throws 400 if not everything that was to be added is there, and 403 as `beginTakeover`. */
export async function finishTakeover(account: Account, taken: TakenOver): Promise<TakeoverResult> {
  const { clock, did, sql, profile, keys } = account
  await mustBeUntouched(account)
  await mustBeComplete(sql, taken)
  const signer = signingKey(keys.open(taken.signingKey, did))
  if (signer.did() !== taken.signingKeyDid) throw invalidRequest('the key has another did:key')
  const data = cidOf(await storedTree(sql))
  const kept = await keptRoot(account, taken, data)
  const root = kept ?? newRoot(account, taken, (rev) => signCommit(did, rev, data, signer))
  try {
    await sql.batch([
      { sql: 'DELETE FROM account' },
      insertProfile(rowOf(taken)),
      saveRoot(root),
      ...beginHistory(root, { of: null, now: clock.now() }),
      { sql: 'UPDATE record SET rev = ? WHERE rev <> ?', params: [root.rev, root.rev] },
      ...takedownRows(taken),
      { sql: 'DELETE FROM preferences' },
      { sql: 'INSERT INTO preferences (id, value) VALUES (1, ?)', params: [taken.preferences] },
      ...credentialRows(taken),
      ...grantRows(taken),
      usedUploads(),
    ])
  } finally {
    profile.forget()
  }
  return { cid: root.cid, rev: root.rev, isNew: kept === undefined }
}

// The outbox id of an account that was taken over is 0 until its first event, of any other account never.
async function mustBeUntouched({ profile, sql }: Account): Promise<void> {
  if ((await profile.find()) === undefined) return
  const root = await loadRoot(sql)
  if (root?.outboxId !== 0) throw forbidden('The account is in use on this server')
}

async function mustBeOpen({ profile }: Account): Promise<void> {
  if ((await profile.find()) !== undefined) throw forbidden('The takeover has not begun')
}

async function mustBeComplete(sql: Sql, { records, blobs }: TakenOver): Promise<void> {
  const counts = await sql.first<{ records: number; blobs: number }>(
    'SELECT (SELECT count(*) FROM record) AS records, (SELECT count(*) FROM blob) AS blobs',
  )
  if (counts?.records === records && counts.blobs === blobs) return
  throw invalidRequest('Records or blobs are missing: begin again')
}

/** Undefined unless the commit is this account's, signed by its key, and of the records that are stored. */
async function keptRoot(
  { did }: Account,
  { root, signingKeyDid }: TakenOver,
  data: string,
): Promise<Root | undefined> {
  if (root === null) return undefined
  const problem = await commitProblem(root, { did, data, didKey: signingKeyDid })
  if (problem !== undefined) return undefined
  return { ...root, data, outboxId: 0 }
}

function newRoot(
  { tids }: Account,
  { root }: TakenOver,
  sign: (rev: string) => Omit<Root, 'outboxId'>,
): Root {
  return { ...sign(tids.next(root?.rev ?? null)), outboxId: 0 }
}

function rowOf({ profile, signingKey, signingKeyDid }: TakenOver) {
  const row = { ...profile, suspendedAt: null, pendingEmail: null, signingKey, signingKeyDid }
  return { ...row, status: statusOf(row) }
}

function takedownRows({ takedowns }: TakenOver): Statement[] {
  return [
    { sql: 'DELETE FROM takedown' },
    {
      sql: `INSERT INTO takedown (path, ref)
            SELECT value ->> 0, value ->> 1 FROM json_each(?)
            WHERE value ->> 0 IN (SELECT path FROM record)`,
      params: [JSON.stringify(takedowns)],
    },
  ]
}

/** Uploads that a record references although the reference had not moved them yet: the next wake does it. */
function usedUploads(): Statement {
  return {
    sql: `UPDATE blob SET state = 'unsettled' WHERE state = 'temp'
          AND EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = blob.cid)`,
  }
}
