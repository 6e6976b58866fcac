/**
 * Restoring: ordinary commits that make records what they were. Single records in one commit; the whole repo, or what of
 * it a member or an app changed, in as many as it takes:
 *
 * 1. What is to be restored is decided at once, and stored (`restore-rows.ts`).
 * 2. Each step restores some of it, and stores what is left in the same transaction (`restore-step.ts`).
 *
 * After a crash the reminder wakes the account, which goes on. What others write to a record meanwhile stays. Since a
 * restore is made of commits, it can be undone by another one.
 */
import type { Account } from '#src/account/account.ts'
import { type ChangeFilter, changesBetween } from '#src/account/history/changes.ts'
import { mustMayRestore } from '#src/account/history/may-restore.ts'
import { mustMayReadHistory, mustReach, revAt } from '#src/account/history/moments.ts'
import {
  type RestoreItem,
  type RestoreRow,
  readRestore,
  storeRestore,
} from '#src/account/history/restore-rows.ts'
import {
  claiming,
  MAX_WRITES,
  restoreStep,
  restoreTargets,
  tooMany,
} from '#src/account/history/restore-step.ts'
import type { Target } from '#src/account/history/restored-writes.ts'
import { cidsAt, findValues, keyOf } from '#src/account/history/values.ts'
import type { CommitRef } from '#src/account/repo/commit-writes.ts'
import { invalidRequest } from '#src/errors.ts'
import { lookUp } from '#src/protocol/tree.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import type { Role } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const MAX_ITEMS = 50_000

export interface RestoredRecord {
  uri: string
  result: 'restored' | 'unchanged' | 'unavailable'
}

export interface RestoredRecords {
  commit?: CommitRef
  records: RestoredRecord[]
}

/**
 * Makes the records at these paths what they were at `at`, in one commit. Throws as `mustMayReadHistory` and
 * `commitWrites`; 403 ScopeMissingError; 400 RevNotAvailable, TooManyChanges.
 */
export async function restoreRecords(
  account: Account,
  { by, at, paths }: { by: Principal; at: string; paths: readonly string[] },
  key?: IdempotencyKey,
): Promise<RestoredRecords> {
  const { since } = await mustMayReadHistory(account, by)
  const rev = revAt(at)
  mustReach(rev, since)
  const unique = [...new Set(paths)]
  if (unique.length > MAX_WRITES) throw tooMany(`More than ${MAX_WRITES} records at once`)
  const write = (claim: (release: () => void) => void) =>
    account.lane.write<RestoredRecords>(
      async (view) => {
        const cids = await cidsAt(account.sql, unique, rev)
        const targets = unique.map((path): Target => ({ path, cid: cids.get(path) ?? null }))
        const isUnchanged = new Set(
          targets.flatMap(({ path, cid }) => (lookUp(view.head.tree, path) === cid ? path : [])),
        )
        const audit = { action: 'history.restoreRecords', detail: `at ${rev}` }
        const restored = await restoreTargets(account, view, { targets, by, audit, claim })
        const { prepared, done, lost } = restored
        if (done.length + lost.length < targets.length) {
          throw tooMany('These records do not fit into one commit')
        }
        const gone = new Set(lost.map(({ path }) => path))
        const records = targets.map(({ path }): RestoredRecord => {
          const result = gone.has(path)
            ? 'unavailable'
            : isUnchanged.has(path)
              ? 'unchanged'
              : 'restored'
          return { uri: `at://${account.did}/${path}`, result }
        })
        if (prepared === undefined) {
          return { answer: { records }, head: view.head, statements: [], events: [] }
        }
        return { ...prepared, answer: { commit: prepared.answer, records } }
      },
      { readsDatabase: true, key: key?.id },
    )
  return claiming(write)
}

export interface RestoreQuery {
  by: Principal
  /** A rev or a time. */
  at: string
  /** Of these collections only. */
  collections?: readonly string[] | undefined
  /** Only what this member, or this app, changed since: see `changesBetween`. */
  actor?: string | undefined
  /** With `actor`: only what they changed by this call, such as `history.restoreRepo`. */
  action?: string | undefined
  /** Only counts what there is to do. */
  dryRun?: boolean | undefined
}

export interface RestorePlan {
  /** The rev that was asked for, or the last one that a commit at that time could have. */
  at: string
  creates: number
  updates: number
  deletes: number
  /** Of these, records whose value is gone, or a blob that they reference. */
  unavailable: number
}

/**
 * Begins to make the repo what it was at `at`. Throws as `mustMayReadHistory`; 403 ScopeMissingError if the role does not
 * allow all that is to be written; 400 RevNotAvailable, RangeTooLarge, TooManyChanges, and RestoreInProgress.
 */
export async function restoreRepo(
  account: Account,
  { by, at, collections, actor, action, dryRun = false }: RestoreQuery,
  key?: IdempotencyKey,
): Promise<RestorePlan> {
  const { clock, idempotencyKeys, lane, reminder, sql } = account
  const { own, since } = await mustMayReadHistory(account, by)
  const rev = revAt(at)
  mustReach(rev, since)
  const query = { own, rev, collections, actor, action }
  // Not in the lane, where others' writes would wait for what only counts.
  if (dryRun) return (await planOf(account, await lane.head(), query)).plan
  // So that the rest is done if this process is killed and no call wakes the account.
  await reminder.ensure()
  const plan = await lane.write<RestorePlan>(
    async ({ head }) => {
      const running = await readRestore(sql)
      if (running !== undefined && running.left > 0) {
        throw invalidRequest('The last restore has not ended', 'RestoreInProgress')
      }
      const { items, plan: answer } = await planOf(account, head, query)
      const statements = [
        ...storeRestore({ startedAt: clock.now(), by, detail: detailOf(query) }, items),
        ...idempotencyKeys.markUsed(key, answer),
      ]
      return { answer, head, statements, events: [] }
    },
    { readsDatabase: true },
  )
  goOn(account)
  return plan
}

/** What there is to do, and its counts. Throws 400 RangeTooLarge, TooManyChanges; 403 ScopeMissingError. */
async function planOf(
  account: Account,
  head: { rev: string },
  { own, rev, ...filter }: ChangeFilter & { own: Role; rev: string },
): Promise<{ items: RestoreItem[]; plan: RestorePlan }> {
  const changes = await changesBetween(account, rev, head.rev, filter)
  if (changes.length > MAX_ITEMS) {
    throw tooMany(`${changes.length} records would change, and ${MAX_ITEMS} is the bound`)
  }
  const items = changes.map(({ path, from, to }) => ({ path, cid: from, current: to }))
  mustMayRestore(own, items)
  return { items, plan: { at: rev, ...(await countOf(account, items)) } }
}

function detailOf({ rev, actor, action }: ChangeFilter & { rev: string }): string {
  if (actor === undefined) return `to ${rev}`
  return `to ${rev}, what ${actor} did${action === undefined ? '' : ` by ${action}`}`
}

async function countOf(
  { sql }: Account,
  items: readonly RestoreItem[],
): Promise<Omit<RestorePlan, 'at'>> {
  const wanted = items.filter(({ cid }) => cid !== null)
  const values = await findValues(
    sql,
    wanted.map(({ path }) => path),
  )
  return {
    creates: wanted.filter(({ current }) => current === null).length,
    updates: wanted.filter(({ current }) => current !== null).length,
    deletes: items.length - wanted.length,
    unavailable: wanted.filter(({ path, cid }) => !values.get(keyOf(path, cid!))?.isRestorable)
      .length,
  }
}

function goOn(account: Account): void {
  account.background.run('restore', () => restoreStep(account))
}

/** Call it when the account wakes. */
export async function resumeRestore(account: Account): Promise<void> {
  if ((await account.sql.first('SELECT 1 FROM restore_item LIMIT 1')) !== undefined) goOn(account)
}

export interface RestoreView extends Omit<RestoreRow, 'startedAt' | 'by' | 'error'> {
  /** ISO 8601. */
  startedAt: string
  /** DID. */
  by: string
  error?: string
}

/** The last restore, and how far it is. Throws as `mustMayReadHistory`. */
export async function getRestore(
  account: Account,
  { by: caller }: { by: Principal },
): Promise<{ restore?: RestoreView }> {
  await mustMayReadHistory(account, caller)
  const row = await readRestore(account.sql)
  if (row === undefined) return {}
  const { startedAt, by, error, ...more } = row
  const view = { ...more, startedAt: isoTime(startedAt), by: by.did }
  return { restore: { ...view, ...(error !== null && { error }) } }
}
