/**
 * How an account wakes; at its first time, it is born. One that comes from elsewhere is born deactivated, and of that
 * no event tells.
 *
 * 1. An account that has a row exists: it goes on delivering what it left behind.
 * 2. One that has none asks the directory for its birth.
 * 3. What that says, the first commit and the first four events become one transaction. Whoever dies before it does
 *    the same again; whoever dies after it is in case 1.
 *
 * As long as a row is there no birth is looked at: what became of an account later is never undone. Only the row of a
 * deleted account gives way to a birth that is younger than it: its DID has come again.
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

/** To be done before the account answers anybody. Rejects where its birth cannot be had: then it must wake anew. */
export async function provisionOrResume(
  account: Account,
  findBirth: () => Promise<InitialState | null>,
): Promise<void> {
  const { outbox, profile, idempotencyKeys } = account
  const row = await profile.find()
  const birth = row === undefined || row.status === 'deleted' ? await findBirth() : null
  if (birth === null || (row !== undefined && birth.createdAt <= row.createdAt)) {
    return outbox.resume()
  }
  if (row === undefined) await provision(account, birth)
  else await reprovision(account, birth)
  const { status, deleteAfter } = birth
  account.directoryMirror.markPushed({ status, deleteAfter })
  idempotencyKeys.beginFirstActivation()
  // The directory noted a reminder with the birth.
  outbox.onReminder()
}

/** Does nothing but for a deleted account: calling it wakes the actor, so that the account is born. */
export async function ensureProvisioned(account: Account): Promise<void> {
  const row = await account.profile.find()
  if (row?.status === 'deleted') await provisionOrResume(account, account.findInitialState)
}

async function provision(account: Account, birth: InitialState): Promise<void> {
  const { did, profile, sql, idempotencyKeys, tids, clock } = account
  const root = firstRoot({ did, signer: signerOf(account, birth), rev: tids.next() })
  const firstId = clock.now() * 1000
  const events = firstEvents(account, birth, root).map((event, i) => ({
    id: firstId + i,
    ...event,
  }))
  try {
    await sql.batch([
      insertProfile(rowOf(birth)),
      saveRoot({ ...root, outboxId: firstId + events.length }),
      storeToken(birth.tokenId, Date.parse(birth.createdAt)),
      ...addToOutbox(events),
    ])
    idempotencyKeys.beginFirstActivation()
  } catch (error) {
    // The row keeps a second birth out, also one whose first attempt only seemed to fail.
    if ((await profile.find()) === undefined) throw error
  }
}

/** In the lane, which the life before may have used: revs and outbox ids go on from there. */
async function reprovision(account: Account, birth: InitialState): Promise<void> {
  const { did, lane, profile, tids } = account
  try {
    await lane.write(async ({ head }) => {
      const { status } = await profile.get()
      if (status !== 'deleted') return { answer: undefined, head, statements: [], events: [] }
      const { outboxId: _, ...root } = firstRoot({
        did,
        signer: signerOf(account, birth),
        rev: tids.next(head.rev),
      })
      const statements = [
        { sql: 'DELETE FROM account' },
        insertProfile(rowOf(birth)),
        storeToken(birth.tokenId, Date.parse(birth.createdAt)),
      ]
      const events = firstEvents(account, birth, { ...root, outboxId: 0 })
      return { answer: undefined, head: { ...root, tree: emptyTree }, statements, events }
    })
  } finally {
    profile.forget()
  }
}

function signerOf({ did, keys }: Account, birth: InitialState): SigningKey {
  const signer = signingKey(keys.open(birth.signingKey, did))
  if (signer.did() !== birth.signingKeyDid) throw new Error('the sealed key is not the one named')
  return signer
}

function rowOf({ tokenId: _, ...made }: InitialState): ProfileRow {
  return {
    ...made,
    emailConfirmedAt: null,
    emailWanted: null,
    deactivatedAt: made.status === 'active' ? null : made.createdAt,
    takedownRef: null,
    suspendedAt: null,
  }
}

/** #identity, #account, #commit, #sync: how a new account appears on the firehose; nothing of one from elsewhere. */
function firstEvents({ did, clock }: Account, birth: InitialState, root: Root): EncodedEvent[] {
  if (birth.status !== 'active') return []
  const { handle } = birth
  const time = new Date(clock.now()).toISOString()
  return [
    encodeIdentityEvent({ did, time, handle }),
    encodeAccountEvent({ did, time, active: true }),
    ...firstCommitEvents(did, root, time),
  ]
}
