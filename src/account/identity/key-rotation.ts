/**
 * The account's part of a signing key rotation (com.atproto.admin.updateAccountSigningKey).
 *
 * 1. `beginKeyRotation` stores the new key beside the old one. From here on no commit is signed: the DID document may
 *    name the new key at any moment, and relays would reject commits signed with the old one.
 * 2. The gateway publishes the new key.
 * 3. `finishKeyRotation` replaces the key and signs the repo's head with it, under a new rev, in one transaction with
 *    #identity and #sync. After that, writes continue.
 *
 * Every step is idempotent. If step 2 is rejected for good, `abandonKeyRotation` undoes step 1.
 */
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { updateProfile } from '#src/account/profile.ts'
import type { Prepared } from '#src/account/write-lane.ts'
import { invalidRequest } from '#src/errors.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { fromHex } from '#src/ports/sql.ts'
import { carFile } from '#src/protocol/car.ts'
import { signCommit } from '#src/protocol/commit.ts'
import { encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'

export interface SigningKeyDids {
  current: string
  pending: string | null
}

/** Durable ones: the caller may publish the pending key. */
export async function getSigningKeyDids(account: Account): Promise<SigningKeyDids> {
  const row = await account.profile.find()
  await account.sql.durable()
  return { current: row?.signingKeyDid ?? '', pending: row?.pendingKeyDid ?? null }
}

/**
 * Step 1. `signingKey` is sealed with the account's DID as context; if it is absent, the current key is published
 * again. Throws 400 if another rotation is in progress.
 */
export async function beginKeyRotation(
  account: Account,
  input: { signingKeyDid: string; signingKey?: Uint8Array },
): Promise<void> {
  await changeKeys(account, async (head) => {
    const row = await account.profile.get()
    if (row.status === 'deleted') throw invalidRequest('Could not find repo', 'RepoNotFound')
    if (row.pendingKeyDid === input.signingKeyDid) return unchanged(head)
    if (row.pendingKeyDid) throw invalidRequest('Another key rotation is in progress')
    const sealed = input.signingKeyDid === row.signingKeyDid ? row.signingKey : input.signingKey
    if (sealed === undefined) throw invalidRequest('The signing key does not belong to this server')
    if (signingKey(account.keys.open(sealed, account.did)).did() !== input.signingKeyDid) {
      throw new Error('the sealed key does not match its did:key')
    }
    const storeKey = { sql: 'UPDATE account SET pending_key = ?', params: [sealed] }
    const statements = [storeKey, updateProfile({ pendingKeyDid: input.signingKeyDid })]
    return { ...unchanged(head), statements }
  })
}

/** Step 3. Does nothing if the key is in use already. Throws 400 if it is not the pending key. */
export async function finishKeyRotation(
  account: Account,
  { signingKeyDid }: { signingKeyDid: string },
): Promise<void> {
  await changeKeys(account, async (head) => {
    const { status, handle, ...row } = await account.profile.get()
    if (!row.pendingKeyDid && row.signingKeyDid === signingKeyDid) return unchanged(head)
    if (row.pendingKeyDid !== signingKeyDid)
      throw invalidRequest('This key is not the pending signing key')
    const key = signingKey(account.keys.open(await pendingKey(account), account.did))
    const { did } = account
    const commit = signCommit(did, account.tids.next(head.rev), head.data, key)
    const time = new Date(account.clock.now()).toISOString()
    const blocks = carFile(commit.cid, [[commit.cid, commit.block]])
    const sync = { did, time, commit: commit.cid, rev: commit.rev, blocks }
    return {
      answer: undefined,
      head: { ...commit, tree: head.tree },
      statements: [
        {
          sql: `UPDATE account SET signing_key = pending_key, signing_key_did = pending_key_did,
                  pending_key = NULL, pending_key_did = NULL`,
        },
      ],
      events: [
        encodeIdentityEvent({ did, time, ...(handle !== null && { handle }) }),
        // A repo that is not active is not on the firehose; its activation emits the #sync.
        ...(status === 'active' ? [encodeSyncEvent(sync)] : []),
      ],
    }
  })
}

export async function abandonKeyRotation(
  account: Account,
  { signingKeyDid }: { signingKeyDid: string },
): Promise<void> {
  await changeKeys(account, async (head) => {
    const { pendingKeyDid } = await account.profile.get()
    if (pendingKeyDid !== signingKeyDid) return unchanged(head)
    const sql = 'UPDATE account SET pending_key = NULL, pending_key_did = NULL'
    return { ...unchanged(head), statements: [{ sql }] }
  })
}

function unchanged(head: Head): Prepared<undefined> {
  return { answer: undefined, head, statements: [], events: [] }
}

// Serialized, and in the write lane, so that each commit is signed with one key.
function changeKeys(
  { lane, profile, directoryMirror }: Account,
  prepare: (head: Head) => Promise<Prepared<undefined>>,
): Promise<void> {
  const durable = () => profile.forget()
  return directoryMirror.runExclusive(async () => {
    try {
      await lane.write(async ({ head }) => ({ ...(await prepare(head)), onDurable: durable }))
    } finally {
      profile.forget()
    }
  })
}

async function pendingKey({ sql }: Account): Promise<Uint8Array> {
  const row = await sql.first<{ key: string }>('SELECT hex(pending_key) AS key FROM account')
  if (row === undefined) throw new Error('the pending signing key is missing')
  return fromHex(row.key)
}
