/**
 * What an account does when its actor wakes: it provisions itself if it is new. An account that migrates in starts as
 * deactivated and emits no events.
 *
 * 1. An account that has a row exists: it continues to deliver its outbox.
 * 2. An account without one asks the directory for its initial state.
 * 3. The row, the first commit and the first four events are written in one transaction. If the process exits before
 *    that, the next wake does the same again; if it exits after that, the next wake is case 1.
 *
 * The initial state is ignored if there is a row, so later changes are never undone. The one exception: the row of a
 * deleted account is replaced by an initial state that is newer, because the DID has been registered again.
 */
import type { Account } from '#src/account/account.ts'
import { firstMembers } from '#src/account/group/first-members.ts'
import { type Root, saveRoot } from '#src/account/head.ts'
import type { TenantHistory } from '#src/account/history-window.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import { addToOutbox } from '#src/account/outbox.ts'
import { beginHistory } from '#src/account/past.ts'
import { insertProfile, type ProfileRow } from '#src/account/profile.ts'
import { firstCommitEvents, firstRoot, firstTree } from '#src/account/repo/init.ts'
import { type NewRecord, putRecords } from '#src/account/repo/records.ts'
import { storeToken } from '#src/account/sessions/refresh-tokens.ts'
import { type SigningKey, signingKey } from '#src/ports/secp256k1.ts'
import type { Statement } from '#src/ports/sql.ts'
import { encodeAccountEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { prepareRecord } from '#src/protocol/prepare-record.ts'

/**
 * Run it before the account handles any action. If it rejects, because the directory cannot be reached, the actor must
 * wake again.
 */
export async function provisionOrResume(
  account: Account,
  findInitialState: () => Promise<InitialState | null>,
): Promise<void> {
  const { profile, reminder, idempotencyKeys } = account
  const row = await profile.find()
  const initial = row === undefined || row.status === 'deleted' ? await findInitialState() : null
  if (initial === null || (row !== undefined && initial.createdAt <= row.createdAt)) {
    return resumeOutboxes(account)
  }
  // The directory stored one with the initial state.
  reminder.hold()
  if (row === undefined) await provision(account, initial)
  else await reprovision(account, initial)
  const { status, deleteAfter } = initial
  account.directoryMirror.markPushed({ status, deleteAfter })
  idempotencyKeys.beginFirstActivation()
  resumeOutboxes(account)
}

function resumeOutboxes({ outbox, privateOutbox }: Account): void {
  outbox.resume()
  privateOutbox.resume()
}

/** Does nothing unless the account is deleted: the call itself wakes the actor, which provisions it. */
export async function ensureProvisioned(account: Account): Promise<void> {
  const row = await account.profile.find()
  if (row?.status === 'deleted') await provisionOrResume(account, account.findInitialState)
}

async function provision(account: Account, initial: InitialState): Promise<void> {
  const { did, profile, sql, idempotencyKeys, tids, clock } = account
  const records = recordsOf(initial)
  const tree = firstTree(records)
  const root = firstRoot({ did, signer: signerOf(account, initial), rev: tids.next(), tree })
  const firstId = clock.now() * 1000
  const events = firstEvents(account, initial, root, records).map((event, i) => ({
    id: firstId + i,
    ...event,
  }))
  try {
    await sql.batch([
      insertProfile(rowOf(initial)),
      saveRoot({ ...root, outboxId: firstId + events.length }),
      ...putRecords(records, root.rev, false),
      ...beginsWith(account, initial, root.rev),
      ...beginHistory(root, { of: historyOf(initial), now: clock.now() }),
      ...addToOutbox(events),
    ])
    idempotencyKeys.beginFirstActivation()
  } catch (error) {
    // The row prevents provisioning twice, also if the first attempt only seemed to fail.
    if ((await profile.find()) === undefined) throw error
  }
}

// In the write lane, because the deleted account may have used it: revs and outbox ids continue from there.
async function reprovision(account: Account, initial: InitialState): Promise<void> {
  const { clock, did, lane, profile, tids } = account
  try {
    await lane.write(async ({ head }) => {
      const { status } = await profile.get()
      if (status !== 'deleted') return { answer: undefined, head, statements: [], events: [] }
      const records = recordsOf(initial)
      const tree = firstTree(records)
      const { outboxId: _, ...root } = firstRoot({
        ...{ did, signer: signerOf(account, initial), rev: tids.next(head.rev), tree },
      })
      const statements = [
        { sql: 'DELETE FROM account' },
        insertProfile(rowOf(initial)),
        ...putRecords(records, root.rev, false),
        ...beginsWith(account, initial, root.rev),
        ...beginHistory(root, { of: historyOf(initial), now: clock.now() }),
      ]
      const events = firstEvents(account, initial, { ...root, outboxId: 0 }, records)
      return { answer: undefined, head: { ...root, tree }, statements, events }
    })
  } finally {
    profile.forget()
  }
}

function signerOf({ did, keys }: Account, initial: InitialState): SigningKey {
  const signer = signingKey(keys.open(initial.signingKey, did))
  if (signer.did() !== initial.signingKeyDid)
    throw new Error('the sealed key does not match its did:key')
  return signer
}

function recordsOf({ group, records = [] }: InitialState): NewRecord[] {
  return (group?.records ?? records).map(({ collection, rkey, value }) => {
    // The gateway has validated it, maybe by another release's lexicons.
    const prepared = prepareRecord({ collection, rkey, record: value, validate: false })
    const { bytes: block, cid, blobs, subjects } = prepared
    return { path: `${collection}/${rkey}`, cid, block, blobs, subjects }
  })
}

/** The session that createAccount returned, if it did, or the members of a group. */
function beginsWith(account: Account, initial: InitialState, rev: string): Statement[] {
  const { group, tokenId, createdAt } = initial
  const now = Date.parse(createdAt)
  if (group !== undefined) return firstMembers(account, group, now, rev)
  return tokenId === null ? [] : storeToken(account, tokenId, now)
}

// The directory of an older release names the tenant only.
function historyOf({ tenant, history }: InitialState): TenantHistory | null {
  return history ?? (tenant === undefined ? null : { days: null })
}

function rowOf({ tokenId: _, group: __, records: ___, ...columns }: InitialState): ProfileRow {
  return {
    ...columns,
    emailConfirmedAt: null,
    pendingEmail: null,
    deactivatedAt: columns.status === 'active' ? null : columns.createdAt,
    takedownRef: null,
    suspendedAt: null,
  }
}

function firstEvents(
  { did, clock }: Account,
  initial: InitialState,
  root: Root,
  records: readonly NewRecord[],
): EncodedEvent[] {
  if (initial.status !== 'active') return []
  const { handle } = initial
  const time = new Date(clock.now()).toISOString()
  return [
    encodeIdentityEvent({ did, time, handle }),
    encodeAccountEvent({ did, time, active: true }),
    ...firstCommitEvents(did, root, time, records),
  ]
}
