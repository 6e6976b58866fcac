/** Whether a tenant may have one account more, and whether it has this one already; and accounts that change tenants. */
import type { Directory } from '#src/directory/open-directory.ts'
import { mustHaveRoom, tenantSuspended } from '#src/directory/tenants.ts'
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

/**
 * Gives an account that is there to a tenant, or to none. Idempotent. Throws 400 AccountNotFound, TenantNotFound,
 * ExternalIdTaken, DomainInUse if its handle is under a domain of the tenant that it leaves; 403 TenantSuspended, also of
 * the tenant that it leaves; 413 QuotaExceeded.
 */
export async function moveToTenant(
  directory: Directory,
  { did, tenant, ...names }: { did: string; tenant: string | null; externalId?: string },
): Promise<void> {
  const externalId = names.externalId ?? null
  await directory.lane.write([did, 'tenant domains', `tenant ${tenant}`], async (now) => {
    const account = await directory.sql.first<Movable>(
      `SELECT account.tenant, account.handle, tenant.status AS tenantStatus,
         EXISTS (SELECT 1 FROM membership WHERE membership.account = account.did) AS isGroup
       FROM account LEFT JOIN tenant ON tenant.id = account.tenant
       WHERE account.did = ? AND reserved_until IS NULL AND account.status <> 'deleted'`,
      did,
    )
    if (account === undefined) throw invalidRequest('Account not found', 'AccountNotFound')
    if (account.tenantStatus === 'suspended') throw tenantSuspended()
    const isGroup = account.isGroup === 1
    const hasMoved = account.tenant !== tenant
    if (hasMoved) await mustNotUseDomain(directory, account)
    const counted =
      hasMoved && tenant !== null
        ? [await mustHaveRoom(directory, { id: tenant, isGroup }, now)]
        : []
    const other = await directory.sql.first(
      'SELECT 1 FROM account WHERE tenant = ? AND external_id = ? AND did <> ?',
      ...[tenant, externalId, did],
    )
    if (other !== undefined) {
      throw invalidRequest('Another account has this externalId', 'ExternalIdTaken')
    }
    const kind = tenant === null ? null : isGroup ? 'group' : 'person'
    const update = {
      sql: 'UPDATE account SET tenant = ?, external_id = ?, kind = ? WHERE did = ?',
      params: [tenant, tenant === null ? null : externalId, kind, did],
    }
    return { answer: undefined, statements: [...counted, update] }
  })
}

interface Movable {
  tenant: string | null
  handle: string
  tenantStatus: string | null
  isGroup: number
}

async function mustNotUseDomain(
  { sql }: Directory,
  { tenant, handle }: Pick<Movable, 'tenant' | 'handle'>,
): Promise<void> {
  const used = await sql.first<{ domain: string }>(
    `SELECT domain FROM tenant_domain WHERE tenant = ?1 AND verified_at IS NOT NULL
       AND (domain = ?2 OR substr(?2, -length(domain) - 1) = '.' || domain)`,
    ...[tenant, handle],
  )
  if (used === undefined) return
  throw invalidRequest(`Its handle is under ${used.domain}, of its tenant`, 'DomainInUse')
}
