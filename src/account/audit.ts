/**
 * The audit log of a group account: who did what, in the transaction that did it. A row of a member's act finds the
 * member's role in the database as it is in that transaction; without one, or with a role that was changed since the
 * call was allowed, the row cannot be written, and the transaction fails as a whole.
 */
import type { Account } from '#src/account/account.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { ActingMember, Principal } from '#src/rules/acting-member.ts'

export interface AuditEntry {
  /** What was done, for example `repo.createRecord` or `member added`. */
  action: string
  /** Whom or what it was done to: a DID, a role, the path of a record. */
  target?: string | undefined
  /** Of the commit, if it made one. */
  rev?: string | undefined
  detail?: string | undefined
}

export const MAX_AUDIT_ROWS = 200_000
const MAX_TEXT_LENGTH = 300
const MAX_DETAIL_LENGTH = 2_000

const COLUMNS = 'at, actor, client, action, target, rev, detail, reason, ip, user_agent'

const ONE_OF_CALL = 'ON CONFLICT (call) WHERE call IS NOT NULL DO NOTHING'

/**
 * A row about what the groups' own methods do, or about what was decided earlier; `role` is the one by which the caller
 * could do it. With a `call`, which a repetition has too, there is one row of it.
 */
export function auditRow(
  account: Pick<Account, 'clock'>,
  by: Principal,
  role: string,
  entry: AuditEntry,
  call: string | null = null,
): Statement {
  return {
    sql: `INSERT INTO audit (${COLUMNS}, call, role) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ${ONE_OF_CALL}`,
    params: [...values(account, by, entry), call, role],
  }
}

/** A row about what a member does as the group. `call` as for `auditRow`. */
export function actingMemberRow(
  account: Pick<Account, 'clock'>,
  member: ActingMember,
  entry: AuditEntry,
  call: string | null,
): Statement {
  const { did, role, revision } = member
  return {
    sql: `INSERT INTO audit (${COLUMNS}, call, role) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
            (SELECT role FROM member WHERE did = ? AND role = ? AND coalesce(expires_at > ?, TRUE)
             AND coalesce((SELECT revision FROM role WHERE name = member.role), 0) = ?))
          ${ONE_OF_CALL}`,
    params: [
      ...values(account, member, entry),
      call,
      ...[did, role, account.clock.now(), revision],
    ],
  }
}

/** Deletes the rows above the bound. Not needed with every row. */
export function trimAudit(): Statement {
  return {
    sql: `DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?`,
    params: [MAX_AUDIT_ROWS],
  }
}

function values({ clock }: Pick<Account, 'clock'>, by: Principal, entry: AuditEntry) {
  return [
    clock.now(),
    by.did,
    truncate(by.client),
    entry.action,
    truncate(entry.target, MAX_DETAIL_LENGTH),
    entry.rev ?? null,
    truncate(entry.detail, MAX_DETAIL_LENGTH),
    truncate(by.reason),
    truncate(by.ip),
    truncate(by.userAgent),
  ]
}

function truncate(text: string | undefined, length = MAX_TEXT_LENGTH): string | null {
  return text === undefined ? null : text.slice(0, length)
}
