/** The scopes of a group's roles: valid OAuth scopes. */
import {
  AccountPermission,
  BlobPermission,
  IdentityPermission,
  RepoPermission,
  RpcPermission,
} from '@atproto/oauth-scopes'
import { invalidRequest } from '#src/errors.ts'
import { type ManageFlag, manageFlags } from '#src/rules/group-roles.ts'

const kinds = [AccountPermission, BlobPermission, IdentityPermission, RepoPermission, RpcPermission]
const fixed = ['atproto', 'transition:generic', 'transition:email', 'transition:chat.bsky']

/** Throws 400 InvalidScope. Permission sets are refused: what they include may change. */
export function roleScope(text: string): string {
  const scopes = text.split(' ').filter((scope) => scope !== '')
  for (const scope of scopes) {
    const isValid = fixed.includes(scope) || kinds.some((kind) => kind.fromString(scope) !== null)
    if (!isValid) throw invalidRequest(`Not a scope for a role: ${scope}`, 'InvalidScope')
  }
  return [...new Set(['atproto', ...scopes])].join(' ')
}

/** Throws 400 InvalidRequest. */
export function roleFlags(names: readonly string[]): ManageFlag[] {
  const unknown = names.find((name) => !(manageFlags as readonly string[]).includes(name))
  if (unknown !== undefined) throw invalidRequest(`A role cannot manage this: ${unknown}`)
  return manageFlags.filter((flag) => names.includes(flag))
}
