/** Parsed OAuth scopes: they are long, and the same for all users of an app and all members with a role. */
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { BoundedMap } from '#src/ports/bounded-map.ts'

const MAX_SCOPES = 1000

export function permissionsCache(): (scope: string) => ScopePermissionsTransition {
  const known = new BoundedMap<string, ScopePermissionsTransition>(MAX_SCOPES)
  return (scope) => {
    const found = known.get(scope)
    if (found !== undefined) return found
    const permissions = new ScopePermissionsTransition(scope)
    known.set(scope, permissions)
    return permissions
  }
}
