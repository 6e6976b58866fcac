/** Accounts that a tenant does not create itself: those that sign up with its invite codes, and those that are moved to it. */
import { mustNotBeDeletedId } from '#src/directory/deleted-external-ids.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { countAccount } from '#src/directory/tenant-quota.ts'
import { tenantSuspended } from '#src/directory/tenants.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/**
 * The statements that count an account that signs up to a tenant; none for one that was counted before. Call it in a write
 * of the subject `tenant <id>`. Throws as `countAccount`.
 */
export async function admitToTenant(
  directory: Directory,
  { tenant, did, isGroup }: { tenant: string; did: string; isGroup: boolean },
  now: number,
): Promise<Statement[]> {
  const known = await directory.sql.first(
    'SELECT 1 FROM account WHERE did = ? AND coalesce(reserved_until > ?, TRUE)',
    ...[did, now],
  )
  if (known !== undefined) return []
  return countAccount(directory, { tenant, isGroup }, now)
}

/**
 * Moves an account to a tenant, or to none. Idempotent. Throws 400 AccountNotFound, TenantNotFound,
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
      hasMoved && tenant !== null ? await countAccount(directory, { tenant, isGroup }, now) : []
    const other = await directory.sql.first(
      'SELECT 1 FROM account WHERE tenant = ? AND external_id = ? AND did <> ?',
      ...[tenant, externalId, did],
    )
    if (other !== undefined) {
      throw invalidRequest('Another account has this externalId', 'ExternalIdTaken')
    }
    if (tenant !== null && externalId !== null) {
      await mustNotBeDeletedId(directory, { tenant, externalId })
    }
    const kind = tenant === null ? null : isGroup ? 'group' : 'person'
    const update = {
      // Outside of a tenant it is its owner's; a tenant that it is moved to later cannot hand it over.
      sql: `UPDATE account SET tenant = ?1, external_id = ?2, kind = ?3,
              is_custodial = CASE WHEN ?1 IS NULL THEN 0 ELSE is_custodial END
            WHERE did = ?4`,
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
