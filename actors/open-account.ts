/** Builds an account from an actor's context, once per wake; at the first, the account is born. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ActorContext, Hold } from '#actors/lifecycle.ts'
import type { ActorSettings } from '#actors/settings.ts'
import type { Account } from '#src/account/account.ts'
import { AnswerCache } from '#src/account/answer-cache.ts'
import { Outbox } from '#src/account/outbox.ts'
import { Profile } from '#src/account/profile.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { type TicketBook, Tickets } from '#src/account/tickets.ts'
import { TidClock } from '#src/account/tid-clock.ts'
import { WriteLane } from '#src/account/write-lane.ts'
import { isOver } from '#src/engine/dispatch.ts'
import { awaken } from '#src/lifecycle/awaken.ts'
import { type SigningKey, signingKey } from '#src/ports/secp256k1.ts'

export async function openAccount(
  c: ActorContext,
  hold: Hold,
  settings: ActorSettings,
  book: TicketBook,
): Promise<Account> {
  const did = c.key[0]
  if (did === undefined) throw new Error('an account actor needs its DID as key')
  const { service, keys, clock, dispatch, log } = settings
  const sql = c.db
  const profile = new Profile(sql)
  const answers = new AnswerCache()
  const outbox = new Outbox({
    sql,
    append: (rows) => dispatch.sequencer.log.append({ did, entries: [...rows] }),
    askForReminder: () => dispatch.directory.reminders.add({ did }),
    hold: (work) => void hold(work),
    pause: (ms) => pause(ms),
    onFailure: (error) => log.warn({ did, err: error }, 'an event could not be delivered yet'),
    isOver,
  })
  const lane = new WriteLane({ sql, clock, outbox, answers })
  let signer: SigningKey | undefined
  const account: Account = {
    did,
    service,
    sql,
    clock,
    keys,
    profile,
    answers,
    outbox,
    tids: new TidClock(did, clock),
    records: new StoredRecords(sql),
    snapshots: new Snapshots(),
    lane,
    tickets: new Tickets({ did, clock, lane, book }),
    async signer() {
      signer ??= signingKey(keys.open((await profile.get()).signingKey, did))
      return signer
    },
  }
  await awaken(account, () => dispatch.directory.births.find({ did }))
  return account
}

/** What must be over before the account sleeps. */
export async function closeAccount(
  { did, lane, outbox, tickets }: Account,
  settings: ActorSettings,
): Promise<void> {
  const { dispatch, log } = settings
  await lane.settled()
  tickets.end()
  if (!outbox.close()) return
  // A reminder that stays only wakes the account once more.
  await dispatch.directory.reminders
    .remove({ dids: [did] })
    .catch((error) => log.warn({ did, err: error }, 'a needless reminder stays'))
}
