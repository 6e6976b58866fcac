/** One step of a restore: one commit of what is left, stored together with what is left after it. */
import type { Account } from '#src/account/account.ts'
import { type AuditEntry, auditRow, trimAudit } from '#src/account/audit.ts'
import { mustBeAllowed, roleOfCaller } from '#src/account/group/change.ts'
import { mustMayRestore } from '#src/account/history/may-restore.ts'
import {
  endRestore,
  finishItems,
  readItems,
  readRestore,
} from '#src/account/history/restore-rows.ts'
import {
  type RestoredWrites,
  restoredWrites,
  type Target,
} from '#src/account/history/restored-writes.ts'
import { type CommitRef, commitWrites } from '#src/account/repo/commit-writes.ts'
import type { LaneView, Prepared } from '#src/account/write-lane.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { lookUp } from '#src/protocol/tree.ts'
import type { Principal } from '#src/rules/acting-member.ts'

export const MAX_WRITES = 200

/** Returns true if nothing is left. */
export async function restoreStep(account: Account): Promise<boolean> {
  try {
    return await claiming((claim) =>
      account.lane.write((view) => prepareStep(account, view, claim), { readsDatabase: true }),
    )
  } catch (error) {
    // Refused, for example because the account was deactivated, or the member was removed.
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    await account.sql.batch(endRestore(error.message))
    return true
  }
}

/** Keeps blobs from being deleted until the work is done, however often it is prepared. */
export async function claiming<T>(work: (claim: Claim) => Promise<T>): Promise<T> {
  const releases: (() => void)[] = []
  try {
    return await work((release) => void releases.push(release))
  } finally {
    for (const release of releases) release()
  }
}

type Claim = (release: () => void) => void

async function prepareStep(
  account: Account,
  view: LaneView,
  claim: Claim,
): Promise<Prepared<boolean>> {
  const { sql } = account
  const restore = await readRestore(sql)
  const items = await readItems(sql, MAX_WRITES)
  if (restore === undefined || items.length === 0) return unchanged(view, true)
  const isAsItWas = ({ path, current }: Target & { current: string | null }) =>
    lookUp(view.head.tree, path) === current
  const targets = items.filter(isAsItWas)
  const skipped = items.length - targets.length
  const audit = { action: 'history.restoreRepo', detail: restore.detail }
  const order = { targets, by: restore.by, audit, claim }
  const { prepared, done, lost } = await restoreTargets(account, view, order)
  const handled = new Set([...done, ...lost].map(({ path }) => path))
  const finished = items.filter((item) => handled.has(item.path) || !isAsItWas(item))
  const statements = finishItems(
    finished.map(({ path }) => path),
    skipped + lost.length,
  )
  return {
    ...(prepared ?? unchanged(view, undefined)),
    answer: finished.length === restore.left,
    statements: [...(prepared?.statements ?? []), ...statements],
  }
}

function unchanged<T>({ head }: LaneView, answer: T): Prepared<T> {
  return { answer, head, statements: [], events: [] }
}

type Restored = Omit<RestoredWrites, 'writes'> & { prepared: Prepared<CommitRef> | undefined }

/**
 * One commit that makes of the records what the targets say, of as many as fit into it; with a row in the audit log. No
 * commit if nothing is to be written. Throws 403 if the principal may not, or may no longer, do it, and as `commitWrites`.
 */
export async function restoreTargets(
  account: Account,
  view: LaneView,
  {
    targets,
    by,
    audit,
    claim,
  }: { targets: readonly Target[]; by: Principal; audit: AuditEntry; claim: Claim },
): Promise<Restored> {
  const own = await roleOfCaller(account, by)
  mustBeAllowed(own, 'history')
  const { tree } = view.head
  const currents = targets.map((target) => ({ ...target, current: lookUp(tree, target.path) }))
  mustMayRestore(
    own,
    currents.filter(({ cid, current }) => cid !== current),
  )
  for (let limit = MAX_WRITES; ; limit = Math.ceil(limit / 4)) {
    const restored = await restoredWrites(account, tree, targets, limit)
    const { writes, ...rest } = restored
    if (writes.length === 0) return { ...rest, prepared: undefined }
    const blobs = writes.flatMap((write) => (write.action === 'delete' ? [] : write.record.blobs))
    if (blobs.length > 0) claim(account.blobs.claim(blobs.map(({ cid }) => cid)))
    try {
      const prepared = await commitWrites(account, view, writes, { client: by.client })
      const entry = { ...audit, target: `${writes.length} records`, rev: prepared.answer.rev }
      const row: Statement[] = [auditRow(account, by, own.name, entry), trimAudit()]
      return { ...rest, prepared: { ...prepared, statements: [...row, ...prepared.statements] } }
    } catch (error) {
      // Its proof may be larger than there is room for.
      if (limit > 1 && isTooLarge(error)) continue
      throw error
    }
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof XrpcError && error.message.startsWith('Too many writes')
}

export function tooMany(message: string): XrpcError {
  return invalidRequest(message, 'TooManyChanges')
}
