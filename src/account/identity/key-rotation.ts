/**
 * The account's half of changing its signing key (com.atproto.admin.updateAccountSigningKey).
 *
 * 1. `beginKeyRotation` makes the new key durable, beside the old one. From here on no commit is signed: the DID
 *    document may name the new key any moment, and relays would refuse what the old one signs.
 * 2. Somebody else publishes the new key.
 * 3. `finishKeyRotation` takes the new key and signs the repo's head with it, under a new rev: one transaction, with
 *    #identity and #sync, after which writes go on.
 *
 * Every step may be repeated. Where 2 is refused for good, `abandonKeyRotation` goes back to before 1.
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
  /** did:key of the key in use. */
  current: string
  /** did:key of the one that is to replace it; null where none is. */
  pending: string | null
}

/** Which keys the account has; a deleted one has none. */
export async function getSigningKeyDids(account: Account): Promise<SigningKeyDids> {
  const row = await account.profile.find()
  return { current: row?.signingKeyDid ?? '', pending: row?.pendingKeyDid ?? null }
}

/**
 * Step 1. `signingKey` is sealed in the context of the account's DID; without one the key in use is to be published and
 * used anew. Throws 400 where another key is on its way already.
 */
export async function beginKeyRotation(
  account: Account,
  input: { signingKeyDid: string; signingKey?: Uint8Array },
): Promise<void> {
  await change(account, async (head) => {
    const row = await account.profile.get()
    if (row.status === 'deleted') throw invalidRequest('Could not find repo', 'RepoNotFound')
    if (row.pendingKeyDid === input.signingKeyDid) return nothing(head)
    if (row.pendingKeyDid) throw invalidRequest('Another signing key is on its way')
    const sealed = input.signingKeyDid === row.signingKeyDid ? row.signingKey : input.signingKey
    if (sealed === undefined) throw invalidRequest('The signing key is not one of this server')
    if (signingKey(account.keys.open(sealed, account.did)).did() !== input.signingKeyDid) {
      throw new Error('the sealed key is not the one named')
    }
    const noted = { sql: 'UPDATE account SET pending_key = ?', params: [sealed] }
    const statements = [noted, updateProfile({ pendingKeyDid: input.signingKeyDid })]
    return { ...nothing(head), statements }
  })
}

/** Step 3. Throws 400 where this key is not on its way; where it is in use already, nothing is left to do. */
export async function finishKeyRotation(
  account: Account,
  { signingKeyDid }: { signingKeyDid: string },
): Promise<void> {
  await change(account, async (head) => {
    const { status, handle, ...row } = await account.profile.get()
    if (!row.pendingKeyDid && row.signingKeyDid === signingKeyDid) return nothing(head)
    if (row.pendingKeyDid !== signingKeyDid) throw invalidRequest('This key is not on its way')
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
        // A repo that is not shown is not followed either; its activation brings the #sync.
        ...(status === 'active' ? [encodeSyncEvent(sync)] : []),
      ],
    }
  })
}

/** Back to before step 1: for a key that nobody will publish. Nothing happens where it is not on its way. */
export async function abandonKeyRotation(
  account: Account,
  { signingKeyDid }: { signingKeyDid: string },
): Promise<void> {
  await change(account, async (head) => {
    const { pendingKeyDid } = await account.profile.get()
    if (pendingKeyDid !== signingKeyDid) return nothing(head)
    const sql = 'UPDATE account SET pending_key = NULL, pending_key_did = NULL'
    return { ...nothing(head), statements: [{ sql }] }
  })
}

function nothing(head: Head): Prepared<undefined> {
  return { answer: undefined, head, statements: [], events: [] }
}

/** One after another, and in the lane, so that the commits before and after are signed with one key each. */
function change(
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
  if (row === undefined) throw new Error('the key that is on its way is not there')
  return fromHex(row.key)
}
