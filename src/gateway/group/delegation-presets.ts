/**
 * Grants as Tranquil PDS has them: a controller has scopes and no role. Its presets are our built-in roles of the same
 * names; for other scopes the group gets a role with these scopes that manages nothing.
 */
import { createHash } from 'node:crypto'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { roleScope } from '#src/gateway/group/role-scopes.ts'

/** As Tranquil's `_delegation.getScopePresets` has them, in its order. */
export const presets = [
  {
    name: 'owner',
    label: 'Owner',
    description: 'Everything, and who else may act for the account',
    scopes: 'atproto repo:* blob:*/* identity:* account:*?action=manage',
  },
  {
    name: 'admin',
    label: 'Admin',
    description: 'Settings of the account, posts and media',
    scopes: 'atproto repo:* blob:*/* account:*?action=manage',
  },
  {
    name: 'editor',
    label: 'Editor',
    description: 'Posts and media',
    scopes: 'atproto repo:*?action=create repo:*?action=update repo:*?action=delete blob:*/*',
  },
  { name: 'viewer', label: 'Viewer', description: 'Reads only', scopes: '' },
] as const

interface KnownRole {
  name: string
  scope: string
  manage: readonly string[]
}

/**
 * The role for these scopes: a preset's, one that the group has, or one to be made. Throws 400 InvalidScopes.
 */
export function roleFor(
  scopes: string,
  known: readonly KnownRole[],
): { name: string; scope?: string } {
  const wanted = sorted(scopes)
  const preset = presets.find((one) => sorted(one.scopes) === wanted)
  if (preset !== undefined) return { name: preset.name }
  const scope = validScope(scopes)
  const same = sorted(scope)
  const found = known.find((role) => role.manage.length === 0 && sorted(role.scope) === same)
  if (found !== undefined) return { name: found.name }
  const id = createHash('sha256').update(same).digest('hex').slice(0, 12)
  return { name: `scopes-${id}`, scope }
}

/** What a role grants, as a preset writes it if there is one. */
export function scopesOf({ name, scope }: { name: string; scope: string }): string {
  return presets.find((preset) => preset.name === name)?.scopes ?? scope
}

function validScope(scopes: string): string {
  try {
    return roleScope(scopes)
  } catch (error) {
    throw error instanceof XrpcError ? invalidRequest(error.message, 'InvalidScopes') : error
  }
}

function sorted(scopes: string): string {
  const all = scopes.split(' ').filter((scope) => scope !== '')
  return [...new Set(all)].sort().join(' ')
}
