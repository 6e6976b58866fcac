/** Whether a role allows what a restore writes: it must not be a way around the role's scopes. */

import { collectionOf } from '#src/account/repo/records.ts'
import { forbidden } from '#src/errors.ts'
import type { Role } from '#src/rules/group-roles.ts'
import { coversScope } from '#src/rules/scope-coverage.ts'

/** Of a record: its CIDs after and before; null for none. */
export interface RestoredChange {
  path: string
  cid: string | null
  current: string | null
}

/** Throws 403 ScopeMissingError. */
export function mustMayRestore(own: Role, changes: Iterable<RestoredChange>): void {
  const scopes = own.scope.split(' ')
  const allowed = new Set<string>()
  for (const change of changes) {
    const needed = `repo:${collectionOf(change.path)}?action=${actionOf(change)}`
    if (allowed.has(needed)) continue
    if (!coversScope(scopes, needed)) {
      throw forbidden(`Your role does not allow what this restores: ${needed}`, 'ScopeMissingError')
    }
    allowed.add(needed)
  }
}

function actionOf({ cid, current }: RestoredChange): string {
  if (cid === null) return 'delete'
  return current === null ? 'create' : 'update'
}
