/** Builds an account from an actor's context, once per wake. At the first wake the account is provisioned. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ActorContext, Hold } from '#actors/lifecycle.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { AccessTokenCache } from '#src/account/access-token-cache.ts'
import type { Account, ImportLimits } from '#src/account/account.ts'
import { AnswerCache } from '#src/account/answer-cache.ts'
import { Background } from '#src/account/background.ts'
import { Blobs } from '#src/account/blobs.ts'
import { DirectoryMirror } from '#src/account/directory-mirror.ts'
import type { ExportLimits } from '#src/account/export-limits.ts'
import { FactorKinds } from '#src/account/factor-kinds.ts'
import { resumeRestore } from '#src/account/history/restore.ts'
import { followSettings } from '#src/account/history/settings.ts'
import { HistoryWindow, trimmingOutbox } from '#src/account/history-window.ts'
import type { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import { IdempotencyKeys } from '#src/account/idempotency-keys.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { Members } from '#src/account/members.ts'
import { MembershipMirror } from '#src/account/membership-mirror.ts'
import { Outbox } from '#src/account/outbox.ts'
import { PrivateOutbox } from '#src/account/private-outbox.ts'
import { Profile } from '#src/account/profile.ts'
import { closeOutboxes, Reminder } from '#src/account/reminder.ts'
import { abortOpenImport, cleanUpImports } from '#src/account/repo/import.ts'
import { finishEmailChange } from '#src/account/sessions/change-email.ts'
import { cachedSigningKey } from '#src/account/signing-key.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { Takedowns } from '#src/account/takedowns.ts'
import { TidClock } from '#src/account/tid-clock.ts'
import { WriteLane } from '#src/account/write-lane.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { Mutex } from '#src/ports/mutex.ts'

/** What all accounts of a process have in common. */
export interface SharedByAccounts {
  cache: IdempotencyCache
  importLimits: ImportLimits
  exportLimits: ExportLimits
}

export async function openAccount(
  c: ActorContext,
  hold: Hold,
  settings: ActorSettings,
  shared: SharedByAccounts,
): Promise<Account> {
  const did = c.key[0]
  if (did === undefined) throw new Error('an account actor needs its DID as key')
  const { service, keys, clock, timer, dispatch, log, processId } = settings
  const reminder = new Reminder(() => dispatch.directory.reminders.add({ did, process: processId }))
  const delivery = {
    keepAwake: (work: Promise<unknown>) => void hold(work),
    pause: (ms: number) => pause(ms),
    onFailure: (error: unknown) =>
      log.warn({ did, err: error }, 'delivering events failed, will be retried'),
    isActorStopped,
  }
  const privateOutbox = new PrivateOutbox({
    ...delivery,
    sql: c.db,
    reminder,
    append: (rows) => dispatch.sequencer.log.appendPrivate({ did, entries: [...rows] }),
  })
  const { sql } = privateOutbox
  const profile = new Profile(sql)
  const answers = new AnswerCache()
  const directoryMirror = new DirectoryMirror({
    profile,
    send: (state) => dispatch.directory.accounts.setState({ did, ...state }),
  })
  const history = new HistoryWindow({
    ...{ sql, clock },
    limits: settings.history,
    findTenantHistory: () => dispatch.directory.tenantAccounts.findHistory({ did }),
  })
  const outbox = new Outbox({
    ...delivery,
    sql,
    table: trimmingOutbox(history),
    append: async (rows) => {
      // A consumer of the event may ask at once, and must get the new state.
      if (rows.some(({ kind }) => kind === '#account')) await directoryMirror.push()
      return dispatch.sequencer.log.append({ did, entries: [...rows] })
    },
  })
  const membershipMirror = new MembershipMirror({
    ...delivery,
    sql,
    reminder,
    send: (memberships) =>
      dispatch.directory.memberships.set({ account: did, memberships: [...memberships] }),
    onFailure: (error) =>
      log.warn({ did, err: error }, 'telling the directory of members failed, will be retried'),
  })
  const lane = new WriteLane({ sql, clock, outbox, reminder, answers })
  const blobs = new Blobs({
    did,
    sql,
    clock,
    storage: settings.blobs,
    quotaBytes: settings.blobQuotaBytes,
    keepAwake: (work) => void hold(work),
    pause: (ms) => pause(ms),
    onFailure: (error) => log.warn({ did, err: error }, 'moving a blob failed, will be retried'),
  })
  const account: Account = {
    did,
    service,
    findInitialState: () => dispatch.directory.initialStates.find({ did }),
    sql,
    clock,
    timer,
    keys,
    profile,
    claimEmail: (email) => dispatch.directory.accounts.setEmail({ did, email }),
    directoryMirror,
    answers,
    outbox,
    privateOutbox,
    reminder,
    tids: new TidClock(did, clock),
    records: new StoredRecords(sql),
    snapshots: new Snapshots({ timer, limits: shared.exportLimits }),
    takedowns: new Takedowns(sql),
    members: new Members(sql),
    membershipMirror,
    accessTokens: new AccessTokenCache(),
    factorKinds: new FactorKinds(sql),
    factorMutex: new Mutex(),
    emailMutex: new Mutex(),
    imports: { open: undefined },
    importLimits: shared.importLimits,
    blobs,
    history,
    background: new Background({
      ...delivery,
      onFailure: (error) =>
        log.warn({ did, err: error }, 'a step of a restore failed, will be retried'),
    }),
    lane,
    idempotencyKeys: new IdempotencyKeys({ did, sql, keys, clock, lane, cache: shared.cache }),
    signer: cachedSigningKey({ did, keys, profile }),
  }
  await provisionOrResume(account, account.findInitialState)
  const onEmailFailure = (error: unknown) =>
    log.warn(
      { did, err: error },
      'finishing a change of email failed, will be retried at the next wake',
    )
  void hold(finishEmailChange(account).catch(onEmailFailure))
  const onCleanUpFailure = (error: unknown) =>
    log.warn({ did, err: error }, 'dropping the tables of an unfinished import failed')
  void hold(cleanUpImports(account).catch(onCleanUpFailure))
  blobs.resume()
  membershipMirror.resume()
  const onHistoryFailure = (error: unknown) =>
    log.warn({ did, err: error }, 'going on with the history failed, until the next wake')
  void hold(
    history
      .askTenant()
      .catch(onHistoryFailure)
      .then(() => followSettings(account))
      .then(() => resumeRestore(account))
      .catch(onHistoryFailure),
  )
  return account
}

/**
 * Ends everything that must end before the account sleeps. If it `isSuperseded` by a later activation in this process,
 * the reminder stays: it may be that one's.
 */
export async function closeAccount(
  account: Account,
  settings: ActorSettings,
  isSuperseded: boolean,
): Promise<void> {
  const { did, blobs, lane, profile, idempotencyKeys } = account
  const { dispatch, log, processId: process } = settings
  await abortOpenImport(account).catch((error) => {
    log.warn(
      { did, err: error },
      'aborting an import failed: its tables are dropped at the next wake',
    )
  })
  account.snapshots.closeAll()
  const isAtRest = await account.background.close()
  await lane.settled()
  await blobs.close()
  idempotencyKeys.noteSleep()
  const row = await profile.find().catch(() => undefined)
  // If work is left, the reminder stays and wakes the account.
  if (!closeOutboxes(account) || isSuperseded || !isAtRest) return
  // The directory deletes the reminder with the account. By now there may be one for a new account of the same DID.
  if (row?.status === 'deleted') return
  // A reminder that stays wakes the account once more, which is harmless.
  await dispatch.directory.reminders
    .remove({ dids: [did], process })
    .catch((error) =>
      log.warn(
        { did, err: error },
        'removing a reminder failed: it only wakes the account once more',
      ),
    )
}
