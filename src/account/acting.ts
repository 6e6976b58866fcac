/**
 * The account as a member acts as it. Whatever an action stores then, in the write lane or in a transaction of its own,
 * is stored together with its row in the audit log, and only while the member has the role by which the call was
 * allowed: the lane asks in the write's turn, and the row itself cannot be written otherwise. No action has to know.
 */
import type { Account } from '#src/account/account.ts'
import { type AuditEntry, actingMemberRow, trimAudit } from '#src/account/audit.ts'
import type { LaneView, Prepared, WriteLane } from '#src/account/write-lane.ts'
import { forbidden } from '#src/errors.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

/** `action` is what the audit log calls it; of the `input` it names what the action is about. */
export function acting(
  account: Account,
  member: ActingMember,
  action: string,
  input?: unknown,
): Account {
  let transactions = 0
  const act: Act = {
    member,
    entry: { action, ...subjectOf(input) },
    nextCall: () => `${member.call} ${action} ${transactions++}`,
  }
  return {
    ...account,
    actingMember: member,
    lane: actingLane(account, act),
    sql: actingSql(account, act),
  }
}

interface Act {
  member: ActingMember
  entry: AuditEntry
  /** The id of the next transaction of this call; a repeated call has the same ones. */
  nextCall(): string
}

/** A blob, a handle, a method of a service, an app, or the other server of a move. */
function subjectOf(input: unknown): Pick<AuditEntry, 'target' | 'detail'> {
  const { cid, handle, lxm, aud, clientId, server } = (input ?? {}) as Record<string, unknown>
  const target = [cid, handle, lxm, clientId, server].find((value) => typeof value === 'string')
  return { target: target as string | undefined, ...(typeof aud === 'string' && { detail: aud }) }
}

/** Throws 403 NotAMember, or RoleChanged if the member's role is another one than the call was allowed by. */
export async function mustStillHaveRole(
  { members, clock }: Account,
  { did, role, revision }: ActingMember,
): Promise<void> {
  const found = await members.find(did, clock.now())
  if (found === undefined) throw notAMember()
  if (found.role.name !== role || found.role.revision !== revision) {
    throw forbidden('Your role was changed just now, please try again', 'RoleChanged')
  }
}

export function notAMember() {
  return forbidden('You are not a member of this group', 'NotAMember')
}

function actingLane(account: Account, act: Act): Account['lane'] {
  const { lane } = account
  const write: WriteLane['write'] = (job, options) => {
    const call = act.nextCall()
    return lane.write(async (view) => {
      await mustStillHaveRole(account, act.member)
      const prepared = await job(view)
      if (prepared.statements.length === 0 && prepared.events.length === 0) return prepared
      return withRow(account, act, call, view, prepared)
    }, options)
  }
  return {
    write,
    settled: () => lane.settled(),
    caughtUp: () => lane.caughtUp(),
    head: () => lane.head(),
    revAtWake: () => lane.revAtWake(),
    revAfter: (failed) => lane.revAfter(failed),
    get cachedHead() {
      return lane.cachedHead
    },
  }
}

/** The row of a member's act; now and then also the deletion of the oldest ones. */
function auditStatements(
  account: Account,
  member: ActingMember,
  entry: AuditEntry,
  call: string | null,
): Statement[] {
  const row = actingMemberRow(account, member, entry, call)
  return account.members.isTrimDue() ? [row, trimAudit()] : [row]
}

function withRow<T>(
  account: Account,
  { member, entry }: Act,
  call: string,
  { head }: LaneView,
  prepared: Prepared<T>,
): Prepared<T> {
  const isCommit = prepared.head.rev !== head.rev
  const [first, ...more] = prepared.ops ?? []
  const written = first && {
    target: first.path,
    detail: more.length === 0 ? first.action : `${more.length + 1} records`,
  }
  const rev = isCommit ? prepared.head.rev : undefined
  // A commit is made once: its key is stored with its event.
  const once = isCommit ? null : call
  const row = auditStatements(account, member, { ...entry, ...written, rev }, once)
  return { ...prepared, statements: [...row, ...prepared.statements] }
}

function actingSql(account: Account, { member, entry, nextCall }: Act): Sql {
  const { sql } = account
  const store = async <T>(
    statements: readonly Statement[],
    run: (statements: readonly Statement[]) => Promise<T>,
  ): Promise<T> => {
    await mustStillHaveRole(account, member)
    const row = auditStatements(account, member, entry, nextCall())
    try {
      return await run([...row, ...statements])
    } catch (error) {
      // The role may have changed since it was asked for: then that is why.
      await mustStillHaveRole(account, member)
      throw error
    }
  }
  return {
    ...sql,
    batch: (statements) => store(statements, (all) => sql.batch(all)),
    commit: (statements) => store(statements, (all) => sql.commit(all)),
    batchAndRead: (statements) => store(statements, (all) => sql.batchAndRead(all)),
  }
}
