/** The rows of an account that is created as a group. The directory has its members already. */
import type { Account } from '#src/account/account.ts'
import { auditRow } from '#src/account/audit.ts'
import { memberEvents } from '#src/account/group/member-events.ts'
import { storeMember } from '#src/account/group/member-rows.ts'
import type { GroupState } from '#src/account/initial-state.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'
import { OWNER } from '#src/rules/group-roles.ts'

/** `now` is when it was created, `rev` that of the first commit. */
export function firstMembers(
  account: Pick<Account, 'clock'>,
  { creator, members, roles }: GroupState,
  now: number,
  rev: string,
): Statement[] {
  const by = { did: creator }
  return [
    auditRow(account, by, OWNER, { action: 'group created', rev }),
    ...(roles.length === 0
      ? []
      : [
          insertRows(
            'INSERT INTO role (name, scope, manage, revision)',
            roles.map(({ name, scope, manage }) => [name, scope, JSON.stringify(manage), now]),
          ),
        ]),
    ...memberEvents(
      account,
      members.map(({ did, role }) => ({ did, role, expiresAt: null })),
    ),
    ...members.map(({ did, role, kind }) =>
      storeMember({
        ...{ did, role, kind, addedBy: creator, addedAt: now, expiresAt: null, note: null },
      }),
    ),
    ...members
      .filter(({ did }) => did !== creator)
      .map(({ did, role }) =>
        auditRow(account, by, OWNER, { action: 'member added', target: did, detail: role }),
      ),
  ]
}
