/** Whether a tenant may have one account more, and whether it has this one already. */
import type { Directory } from '#src/directory/open-directory.ts'
import { mustHaveRoom } from '#src/directory/tenants.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** An account that is created for a tenant. */
export interface TenantOrigin {
  id: string
  /** What the tenant calls it, of which there is one account for ever. */
  externalId?: string
  /** Whether the server made the handle: then any handle will do for an account that is there already. */
  isHandleMade?: boolean
}

export interface ExistingAccount {
  did: string
  handle: string
  /** Whether it is still being created. */
  isReserved: boolean
}

interface Names {
  did: string
  handle: string
  isGroup: boolean
}

/**
 * Call it in a write of the subject `tenant <id>`. `existing` is the account that has the external id already, also if
 * it is being created; else `statements` count the new one. Throws 400 ExternalIdTaken for another handle than that of
 * the account that is there; 403 TenantSuspended; 413 QuotaExceeded.
 */
export async function admitToTenant(
  directory: Directory,
  { id, externalId, isHandleMade = false }: TenantOrigin,
  { did, handle, isGroup }: Names,
  now: number,
): Promise<{ existing?: ExistingAccount; statements: Statement[] }> {
  const rows = await directory.sql.all<{
    did: string
    handle: string
    reservedUntil: number | null
  }>(
    `SELECT did, handle, reserved_until AS reservedUntil FROM account
     WHERE (did = ?1 OR (tenant = ?2 AND external_id = ?3))
       AND (reserved_until IS NULL OR reserved_until > ?4)`,
    ...[did, id, externalId ?? null, now],
  )
  const other = rows.find((row) => row.did !== did)
  if (other !== undefined) {
    if (!isHandleMade && other.handle !== handle) {
      const message = `The account with this externalId has the handle ${other.handle}`
      throw invalidRequest(message, 'ExternalIdTaken')
    }
    const isReserved = other.reservedUntil !== null
    return { existing: { did: other.did, handle: other.handle, isReserved }, statements: [] }
  }
  // A repetition was counted.
  if (rows.length > 0) return { statements: [] }
  return { statements: [await mustHaveRoom(directory, { id, isGroup }, now)] }
}
