/** The roles of a group as its pages name and offer them. */
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import type { GroupMessages } from '#src/gateway/pages/group/texts.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import {
  builtInRole,
  coversRole,
  type ManageFlag,
  OWNER,
  type Role,
} from '#src/rules/group-roles.ts'

const named = ['owner', 'admin', 'editor', 'moderator', 'viewer'] as const

/** Built-in roles have a name in each language. */
export function roleName(text: GroupMessages['text'], name: string): string {
  const known = named.find((role) => role === name)
  return known === undefined ? name : text(`role.${known}`)
}

/** What a built-in role may do as the group, in words; undefined for another. */
export function rolePermissions(text: GroupMessages['text'], name: string): string | undefined {
  const known = named.find((role) => role === name)
  return known === undefined ? undefined : text(`may.${known}`)
}

export interface ListedRole {
  name: string
  scope: string
  manage: readonly string[]
  builtIn: boolean
}

export async function rolesOf({
  call,
  group: { did: account },
}: GroupVisit): Promise<ListedRole[]> {
  const { roles } = await call(group.listRoles, { params: { account } })
  return roles
}

/** Choices of a form: the roles that this member may give. The group checks it again. */
export function givenRoles(
  visit: GroupVisit,
  roles: readonly ListedRole[],
): { value: string; label: string }[] {
  const own = asRole({ name: visit.role, scope: visit.scope, manage: [...visit.manage] })
  return roles
    .filter(({ name }) => name !== OWNER)
    .filter((role) => coversRole(own, builtInRole(role.name) ?? asRole(role)))
    .map(({ name }) => ({ value: name, label: roleName(visit.text, name) }))
}

function asRole(role: Pick<ListedRole, 'name' | 'scope' | 'manage'>): Role {
  return { ...role, manage: role.manage as ManageFlag[], revision: 0 }
}
