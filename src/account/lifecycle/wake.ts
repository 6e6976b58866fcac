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
import { type Root, saveRoot } from '#src/account/head.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import { addToOutbox } from '#src/account/outbox.ts'
import { insertProfile, type ProfileRow } from '#src/account/profile.ts'
import { firstCommitEvents, firstRoot } from '#src/account/repo/init.ts'
import { storeToken } from '#src/account/sessions/refresh-tokens.ts'
import { type SigningKey, signingKey } from '#src/ports/secp256k1.ts'
import { encodeAccountEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { emptyTree } from '#src/protocol/tree.ts'

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
  const root = firstRoot({ did, signer: signerOf(account, initial), rev: tids.next() })
  const firstId = clock.now() * 1000
  const events = firstEvents(account, initial, root).map((event, i) => ({
    id: firstId + i,
    ...event,
  }))
  try {
    await sql.batch([
      insertProfile(rowOf(initial)),
      saveRoot({ ...root, outboxId: firstId + events.length }),
      ...storeToken(account, initial.tokenId, Date.parse(initial.createdAt)),
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
  const { did, lane, profile, tids } = account
  try {
    await lane.write(async ({ head }) => {
      const { status } = await profile.get()
      if (status !== 'deleted') return { answer: undefined, head, statements: [], events: [] }
      const { outboxId: _, ...root } = firstRoot({
        did,
        signer: signerOf(account, initial),
        rev: tids.next(head.rev),
      })
      const statements = [
        { sql: 'DELETE FROM account' },
        insertProfile(rowOf(initial)),
        ...storeToken(account, initial.tokenId, Date.parse(initial.createdAt)),
      ]
      const events = firstEvents(account, initial, { ...root, outboxId: 0 })
      return { answer: undefined, head: { ...root, tree: emptyTree }, statements, events }
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

function rowOf({ tokenId: _, ...columns }: InitialState): ProfileRow {
  return {
    ...columns,
    emailConfirmedAt: null,
    pendingEmail: null,
    deactivatedAt: columns.status === 'active' ? null : columns.createdAt,
    takedownRef: null,
    suspendedAt: null,
  }
}

function firstEvents({ did, clock }: Account, initial: InitialState, root: Root): EncodedEvent[] {
  if (initial.status !== 'active') return []
  const { handle } = initial
  const time = new Date(clock.now()).toISOString()
  return [
    encodeIdentityEvent({ did, time, handle }),
    encodeAccountEvent({ did, time, active: true }),
    ...firstCommitEvents(did, root, time),
  ]
}
