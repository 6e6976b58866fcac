/** What is kept of an account's past: whether and how long, and what of it is deleted for good. */
import type { Account } from '#src/account/account.ts'
import { auditRow, trimAudit } from '#src/account/audit.ts'
import { mustBeAllowed, mustMayRead, roleOfCaller } from '#src/account/group/change.ts'
import { historyOff } from '#src/account/history/moments.ts'
import type { HistoryState } from '#src/account/history-window.ts'
import { endHistory, forgetValues, restartHistory } from '#src/account/past.ts'
import type { Statement } from '#src/ports/sql.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { mustManage } from '#src/rules/states.ts'

export interface HistoryView {
  /** For how many days; 0: it is off. */
  days: number
  /** Whether the account has set that itself. */
  isOwn: boolean
  /** The rev at which it begins, and its time; absent if it is off. */
  since?: string
  sinceAt?: string
  /** About what it takes, and may take. */
  bytes: number
  maxBytes: number
}

/** Throws as `mustMayRead`. */
export async function getSettings(
  account: Account,
  { by }: { by: Principal },
): Promise<HistoryView> {
  await mustMayRead(account, by, 'history')
  const { history, sql } = account
  // If the directory does not answer, it is what was found before.
  await history.askTenant().catch(() => {})
  const state = await history.load()
  const size = await sql.first<{ bytes: number }>(
    `SELECT coalesce((SELECT max(total) - min(total) FROM past_record), 0)
       + coalesce((SELECT max(total) - min(total) FROM past_commit), 0) AS bytes`,
  )
  const since = state?.since ?? undefined
  return {
    days: state?.days ?? 0,
    isOwn: state?.ownDays != null,
    ...(since !== undefined && { since, sinceAt: isoTime(Math.floor(tidMicros(since) / 1000)) }),
    bytes: size?.bytes ?? 0,
    maxBytes: history.maxBytes,
  }
}

/**
 * For how many days; 0 ends the history and deletes it, null follows the settings of the tenant or of the server. Throws as
 * `mustBeAllowed`.
 */
export async function putSettings(
  account: Account,
  { by, days }: { by: Principal; days: number | null },
  key?: IdempotencyKey,
): Promise<void> {
  const detail = days === null ? 'as the server' : `${days} days`
  await change(account, by, key, { action: 'history.putSettings', detail }, () => [
    { sql: 'UPDATE history SET days = ?', params: [days] },
  ])
  await followSettings(account)
}

/** Deletes for good what the record at a path was; what it is now stays. Throws as `mustBeAllowed`. */
export async function deleteVersions(
  account: Account,
  { by, collection, rkey }: { by: Principal; collection: string; rkey: string },
  key?: IdempotencyKey,
): Promise<void> {
  const path = `${collection}/${rkey}`
  await change(account, by, key, { action: 'history.deleteVersions', target: path }, () =>
    forgetValues(path),
  )
}

/** Deletes the whole history for good; it begins again with the repo as it is. Throws as `mustBeAllowed`, 400 HistoryOff. */
export async function emptyHistory(
  account: Account,
  { by }: { by: Principal },
  key?: IdempotencyKey,
): Promise<void> {
  const state = await account.history.load()
  if (!state?.since) throw historyOff()
  await change(account, by, key, { action: 'history.empty' }, (head) => [
    ...restartHistory(head),
    // It could not go on.
    { sql: 'DELETE FROM restore_item' },
  ])
}

type Head = Parameters<typeof restartHistory>[0]

async function change(
  account: Account,
  by: Principal,
  key: IdempotencyKey | undefined,
  audit: { action: string; target?: string; detail?: string },
  statements: (head: Head) => Statement[],
): Promise<void> {
  const { blobs, idempotencyKeys, lane, profile, snapshots } = account
  await lane.write(async ({ head }) => {
    mustManage((await profile.get()).status)
    const own = await roleOfCaller(account, by)
    mustBeAllowed(own, 'history')
    return {
      answer: undefined,
      head,
      statements: [
        ...[auditRow(account, by, own.name, audit), trimAudit()],
        ...statements(head),
        ...idempotencyKeys.markUsed(key),
      ],
      events: [],
      onDurable: () => {
        // They may be of an old head.
        snapshots.closeAll()
        blobs.reconcile()
      },
    }
  })
}

/** For an account that was moved to a tenant, or out of one. */
export async function followTenant(account: Account): Promise<void> {
  await account.history.askTenant({ again: true })
  await followSettings(account)
}

/** Begins or ends the history, and deletes what is too old. Call it when the account wakes. */
export async function followSettings(account: Account): Promise<void> {
  const { blobs, history, lane, sql } = account
  const state = await history.load()
  if (state === undefined) return
  if (isAsSet(state)) {
    const trim = await history.trimIfDue()
    if (trim.length === 0) return
    await sql.batch(trim)
    return blobs.reconcile()
  }
  await lane.write(({ head }) => ({
    answer: undefined,
    head,
    statements:
      state.days === 0
        ? endHistory()
        : [{ sql: 'UPDATE history SET since = ?', params: [head.rev] }, ...restartHistory(head)],
    events: [],
    onDurable: () => blobs.reconcile(),
  }))
}

function isAsSet({ since, days }: HistoryState): boolean {
  return (since !== null) === days > 0
}
