/**
 * The private events of a group's memberships. They are made from the rows that are sent to the directory, and from the
 * tables before the change, so that no change can leave them out.
 */
import type { Account } from '#src/account/account.ts'
import type { MirroredMembership } from '#src/account/membership-mirror.ts'
import { addPrivateEvent, addPrivateEvents } from '#src/account/private-events.ts'
import type { Statement } from '#src/ports/sql.ts'
import { builtInRole, type Role } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

type HasClock = Pick<Account, 'clock'>

/** Run them in the transaction of the change, before it. A membership that stays as it is has no event. */
export function memberEvents(
  account: HasClock,
  changes: readonly MirroredMembership[],
): Statement[] {
  return changes.map((change) =>
    change.role === null ? removed(account, change.did) : given(account, change, change.role),
  )
}

/** For a change of the scopes of a role, which are those of its members. Only gateways get it. */
export function roleEvent(account: HasClock, { name: role, scope }: Role): Statement {
  return addPrivateEvent(account, '#role', { change: 'changed', role, scope })
}

function removed(account: HasClock, did: string): Statement {
  const query = `SELECT did AS subject,
                   json_object('change', 'removed', 'did', did, 'role', role) AS body
                 FROM member WHERE did = ?`
  return addPrivateEvents(account, '#member', query, [did])
}

function given(account: HasClock, { did, expiresAt }: MirroredMembership, role: string): Statement {
  const end = expiresAt === null ? {} : { expiresAt: isoTime(expiresAt) }
  const scope = builtInRole(role)?.scope ?? null
  const query = `SELECT ? AS subject, json_patch(json_object(
                   'change', iif(before.did IS NULL, 'added', 'changed'), 'did', ?, 'role', ?,
                   'scope', coalesce(?, (SELECT scope FROM role WHERE name = ?))), ?) AS body
                 FROM (SELECT 1) LEFT JOIN member AS before
                   ON before.did = ? AND coalesce(before.expires_at > ?, TRUE)
                 WHERE before.did IS NULL OR before.role <> ? OR before.expires_at IS NOT ?`
  return addPrivateEvents(account, '#member', query, [
    ...[did, did, role, scope, role, JSON.stringify(end)],
    ...[did, account.clock.now(), role, expiresAt],
  ])
}
