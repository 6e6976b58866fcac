/** Who may act for a tenant: its own DID and its admins. Stored here, not with the tenant, so that a DID finds its tenants. */
import type { Directory } from '#src/directory/open-directory.ts'
import { mustFindTenant } from '#src/directory/tenants.ts'
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TenantRole } from '#src/rules/tenants.ts'

const MAX_ADMINS = 50

export interface TenantAdmin {
  did: string
  role: TenantRole
  /** ISO 8601. */
  addedAt: string
}

/** Throws 400 TenantNotFound, TooManyAdmins. */
export async function putTenantAdmin(
  directory: Directory,
  { tenant, did, role }: { tenant: string; did: string; role: TenantRole },
): Promise<void> {
  await directory.lane.write([`admins of ${tenant}`], async (now) => {
    await mustFindTenant(directory, tenant)
    const counted = await directory.sql.first<{ n: number }>(
      'SELECT count(*) AS n FROM tenant_admin WHERE tenant = ? AND did <> ?',
      tenant,
      did,
    )
    if ((counted?.n ?? 0) >= MAX_ADMINS) {
      throw invalidRequest(`A tenant may have ${MAX_ADMINS} admins at most`, 'TooManyAdmins')
    }
    const statement = {
      sql: `INSERT INTO tenant_admin (did, tenant, role, added_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (did, tenant) DO UPDATE SET role = excluded.role`,
      params: [did, tenant, role, now],
    }
    return { answer: undefined, statements: [statement] }
  })
}

/** Does nothing for a DID that is not an admin. */
export async function deleteTenantAdmin(
  directory: Directory,
  { tenant, did }: { tenant: string; did: string },
): Promise<void> {
  const sql = 'DELETE FROM tenant_admin WHERE tenant = ? AND did = ?'
  const statements = [{ sql, params: [tenant, did] }]
  await directory.lane.write([`admins of ${tenant}`], async () => ({
    answer: undefined,
    statements,
  }))
}

export async function listTenantAdmins(
  { sql }: Directory,
  { tenant }: { tenant: string },
): Promise<TenantAdmin[]> {
  const rows = await sql.all<Omit<TenantAdmin, 'addedAt'> & { addedAt: number }>(
    `SELECT did, role, added_at AS addedAt FROM tenant_admin WHERE tenant = ? ORDER BY did`,
    tenant,
  )
  return rows.map((row) => ({ ...row, addedAt: isoTime(row.addedAt) }))
}

/**
 * The tenants that a DID may act for, or only the one that is `named`. The own DID of a tenant is its `owner`. At most ten,
 * by id.
 */
export async function listTenantsOf(
  { sql }: Directory,
  { did, named }: { did: string; named?: string | undefined },
): Promise<{ tenant: string; role: TenantRole }[]> {
  return sql.all<{ tenant: string; role: TenantRole }>(
    `SELECT id AS tenant, 'owner' AS role FROM tenant WHERE did = ?1 AND coalesce(id = ?2, TRUE)
     UNION ALL
     SELECT tenant, role FROM tenant_admin
     WHERE did = ?1 AND coalesce(tenant = ?2, TRUE)
       AND tenant NOT IN (SELECT id FROM tenant WHERE did = ?1)
     ORDER BY 1 LIMIT 10`,
    did,
    named ?? null,
  )
}
