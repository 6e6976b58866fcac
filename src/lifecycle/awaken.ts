/**
 * How an account wakes; at its first time, it is born.
 *
 * 1. An account that has a row exists: it goes on delivering what it left behind.
 * 2. One that has none asks the directory for its birth.
 * 3. What that says, the first commit and the first four events become one transaction. Whoever dies before it does
 *    the same again; whoever dies after it is in case 1.
 *
 * As long as a row is there no birth is looked at: what became of an account later is never undone.
 */
import type { Account } from '#src/account/account.ts'
import type { Birth } from '#src/account/birth.ts'
import { type Root, saveRoot } from '#src/account/head.ts'
import { addToOutbox, type OutboxRow } from '#src/account/outbox.ts'
import { insertProfile, type ProfileRow } from '#src/account/profile.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { encodeAccountEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import { firstCommitEvents, firstRoot } from '#src/repo/init.ts'
import { storeToken } from '#src/sessions/refresh-tokens.ts'

/** To be done before the account answers anybody. Rejects where its birth cannot be had: then it must wake anew. */
export async function awaken(
  account: Account,
  findBirth: () => Promise<Birth | null>,
): Promise<void> {
  const { outbox, profile, tickets } = account
  const birth = (await profile.find()) === undefined ? await findBirth() : null
  if (birth === null) return outbox.resume()
  await beBorn(account, birth)
  tickets.beginFirstLife()
  // The directory noted a reminder with the birth.
  outbox.remind()
}

/** Does nothing: calling it wakes the actor, so that the account is born. */
export async function wake(_account: Account): Promise<void> {}

async function beBorn(account: Account, birth: Birth): Promise<void> {
  const { did, keys, profile, sql, tickets, tids } = account
  const signer = signingKey(keys.open(birth.signingKey, did))
  if (signer.did() !== birth.signingKeyDid) throw new Error('the sealed key is not the one named')
  const { tokenId, ...made } = birth
  const row: ProfileRow = { ...made, emailConfirmedAt: null, status: 'active' }
  const root = firstRoot({ did, signer, rev: tids.next() })
  const events = firstEvents(account, birth, root)
  try {
    await sql.batch([
      insertProfile(row),
      saveRoot({ ...root, outboxId: events.at(-1)!.id }),
      storeToken(tokenId, Date.parse(birth.createdAt)),
      ...addToOutbox(events),
    ])
    tickets.beginFirstLife()
  } catch (error) {
    // The row keeps a second birth out, also one whose first attempt only seemed to fail.
    if ((await profile.find()) === undefined) throw error
  }
}

/** #identity, #account, #commit, #sync: how a new account appears on the firehose. */
function firstEvents({ did, clock }: Account, { handle }: Birth, root: Root): OutboxRow[] {
  const now = clock.now()
  const time = new Date(now).toISOString()
  return [
    encodeIdentityEvent({ did, time, handle }),
    encodeAccountEvent({ did, time, active: true }),
    ...firstCommitEvents(did, root, time),
  ].map((event, i) => ({ id: now * 1000 + i, ...event }))
}
