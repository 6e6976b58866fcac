/** The roles of a group: the built-in ones, and its own. */
import type { Account } from '#src/account/account.ts'
import {
  changeGroup,
  mustBeAllowed,
  mustBeGroup,
  mustCover,
  mustMayRead,
} from '#src/account/group/change.ts'
import { roleOf } from '#src/account/members.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { builtInRole, builtInRoles, type ManageFlag, type Role } from '#src/rules/group-roles.ts'

export interface RoleView {
  name: string
  scope: string
  manage: readonly ManageFlag[]
  builtIn: boolean
}

const MAX_ROLES = 50

interface Row {
  name: string
  scope: string
  manage: string
  revision: number
}

const select = 'SELECT name, scope, manage, revision FROM role'

/** Throws 400 UnknownRole. */
export async function findRole({ sql }: Account, name: string): Promise<Role> {
  const row = await sql.first<Row>(`${select} WHERE name = ?`, name)
  const found = builtInRole(name) ?? (row && roleOf(row))
  if (found === undefined) throw invalidRequest(`There is no such role: ${name}`, 'UnknownRole')
  return found
}

export async function listRoles(
  account: Account,
  { by }: { by: Principal },
): Promise<{ roles: RoleView[] }> {
  await mustMayRead(account, by, 'any')
  return { roles: (await allRoles(account)).map(viewOf) }
}

export async function allRoles({ sql }: Account): Promise<Role[]> {
  const rows = await sql.all<Row>(`${select} ORDER BY name`)
  return [...builtInRoles, ...rows.flatMap((row) => roleOf(row) ?? [])]
}

export function viewOf({ name, scope, manage, revision }: Role): RoleView {
  return { name, scope, manage, builtIn: revision === 0 }
}

/**
 * Makes a role or changes it. The gateway has checked that the scopes are valid. Throws 400 InvalidRequest for a
 * built-in role or one too many, 403 RoleTooHigh if the caller lacks what the role has or is to have.
 */
export async function putRole(
  account: Account,
  input: { by: Principal; name: string; scope: string; manage: readonly ManageFlag[] },
  key?: IdempotencyKey,
): Promise<RoleView> {
  const { by, name, scope, manage } = input
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'roles')
    await mustBeGroup(account)
    if (builtInRole(name) !== undefined) throw invalidRequest('A built-in role cannot be changed')
    const before = await account.sql.first<Row>(`${select} WHERE name = ?`, name)
    if (before === undefined) await mustHaveRoom(account)
    else mustCover(own, roleOf(before)!)
    const revision = Math.max(account.clock.now(), (before?.revision ?? 0) + 1)
    const role: Role = { name, scope, manage, revision }
    mustCover(own, role)
    return {
      answer: viewOf(role),
      statements: [
        {
          sql: 'INSERT OR REPLACE INTO role (name, scope, manage, revision) VALUES (?, ?, ?, ?)',
          params: [name, scope, JSON.stringify(manage), revision],
        },
      ],
      audit: { action: before ? 'role changed' : 'role added', target: name, detail: scope },
      overlay: (_, member) => (member?.role.name === name ? { ...member, role } : member),
      ...(before !== undefined && { changedRole: role }),
    }
  })
}

/** Throws 400 RoleInUse if a member or an open invitation has it. */
export async function deleteRole(
  account: Account,
  { by, name }: { by: Principal; name: string },
  key?: IdempotencyKey,
): Promise<void> {
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'roles')
    if (builtInRole(name) !== undefined) throw invalidRequest('A built-in role cannot be deleted')
    mustCover(own, await findRole(account, name))
    const used = await account.sql.first(
      `SELECT 1 FROM member WHERE role = ?1
       UNION ALL SELECT 1 FROM invitation WHERE role = ?1 AND expires_at > ?2
       UNION ALL SELECT 1 FROM join_request WHERE role = ?1`,
      name,
      account.clock.now(),
    )
    if (used !== undefined) {
      throw invalidRequest('Members, invitations or requests have this role', 'RoleInUse')
    }
    return {
      answer: undefined,
      statements: [{ sql: 'DELETE FROM role WHERE name = ?', params: [name] }],
      audit: { action: 'role deleted', target: name },
    }
  })
}

async function mustHaveRoom({ sql }: Account): Promise<void> {
  const row = await sql.first<{ roles: number }>('SELECT count(*) AS roles FROM role')
  if ((row?.roles ?? 0) + builtInRoles.length < MAX_ROLES) return
  throw invalidRequest(`A group has at most ${MAX_ROLES} roles`, 'TooManyRoles')
}
