/**
 * The roles of a group account. What a member may do is what both its credentials and its role allow, and the role is
 * that of the moment: so a change of it takes effect without ending a session.
 */
import { coversScope } from '#src/rules/scope-coverage.ts'

/** What a role may do besides what its scopes allow: the methods of dev.headwater.group. */
export const manageFlags = [
  'members',
  'roles',
  'invites',
  'requests',
  'audit',
  'apps',
  'webhooks',
  'history',
  'transfer',
  'delete',
] as const
export type ManageFlag = (typeof manageFlags)[number]

export interface Role {
  name: string
  /** OAuth scopes, separated by spaces, which the gateway parses. */
  scope: string
  manage: readonly ManageFlag[]
  /** Another one after each change; 0 for a built-in role. */
  revision: number
}

const ALL_ACCOUNT =
  'account:email?action=manage account:repo?action=manage account:status?action=manage'
const WRITE = 'repo:* blob:*/*'
/** Methods of other services, such as the AppView, cannot be listed: `rpc:*?aud=*` is no valid scope. */
const CALL = 'transition:generic'

export const OWNER = 'owner'
/** What an owner becomes who gives the ownership away. */
export const ADMIN = 'admin'

const builtIn: ReadonlyMap<string, Role> = new Map(
  (
    [
      [
        OWNER,
        `atproto ${CALL} transition:chat.bsky ${WRITE} identity:* ${ALL_ACCOUNT}`,
        manageFlags,
      ],
      [
        ADMIN,
        `atproto ${CALL} transition:chat.bsky ${WRITE} ${ALL_ACCOUNT}`,
        ['members', 'roles', 'invites', 'requests', 'audit', 'apps', 'webhooks', 'history'],
      ],
      ['editor', `atproto ${CALL} ${WRITE}`, []],
      ['moderator', 'atproto repo:*?action=delete', ['requests']],
      ['viewer', 'atproto', []],
    ] as const
  ).map(([name, scope, manage]) => [name, { name, scope, manage, revision: 0 }]),
)

export const builtInRoles: readonly Role[] = [...builtIn.values()]

export function builtInRole(name: string): Role | undefined {
  return builtIn.get(name)
}

export function mayManage({ manage }: Pick<Role, 'manage'>, flag: ManageFlag): boolean {
  return manage.includes(flag)
}

/**
 * Whether a member with the role `own` may give, take or change the role `other`: only what it could do itself. Scopes
 * are compared as text, so an unusual way to write one may be refused, and nothing is given that `own` lacks.
 */
export function coversRole(own: Role, other: Role): boolean {
  if (own.name === OWNER) return true
  if (other.name === OWNER) return false
  const scopes = own.scope.split(' ')
  const lacksNoScope = other.scope
    .split(' ')
    .filter((scope) => scope !== '')
    .every((scope) => coversScope(scopes, scope))
  return lacksNoScope && other.manage.every((flag) => own.manage.includes(flag))
}
