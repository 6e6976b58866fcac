/**
 * Who has suspended an account of a tenant, and the accounts that do not have the state of their tenant yet. The progress
 * of a process is not stored: the accounts show what is left to do, so after a crash any process can go on.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'

/** `operator` is only stored for an account whose tenant is suspended too. */
export type Suspender = 'tenant' | 'server'

/** After this time another process may continue the work. */
const LEASE_MS = 60_000

/**
 * Call it before the account itself is suspended; `isSuspended` is what the account says. Returns false if another one has
 * suspended it, or if `by` is the server and the tenant is not suspended any more. Idempotent. Throws 400 AccountNotFound.
 */
export async function beginSuspension(
  directory: Directory,
  { did, by, isSuspended }: { did: string; by: Suspender; isSuspended: boolean },
): Promise<boolean> {
  return directory.lane.write<boolean>([did], async () => {
    const row = await directory.sql.first<{ suspendedBy: string | null; tenantStatus: string }>(
      `SELECT suspended_by AS suspendedBy, tenant.status AS tenantStatus
       FROM account JOIN tenant ON tenant.id = account.tenant WHERE account.did = ?`,
      did,
    )
    if (row === undefined) throw invalidRequest('Account not found', 'AccountNotFound')
    if (by === 'server' && row.tenantStatus !== 'suspended') {
      return { answer: false, statements: [] }
    }
    if (row.suspendedBy === by) return { answer: true, statements: [] }
    if (row.suspendedBy !== null) return { answer: false, statements: [] }
    // So that the sweep passes over it.
    const noted = isSuspended ? 'operator' : by
    if (isSuspended && by === 'tenant') return { answer: false, statements: [] }
    return { answer: !isSuspended, statements: [noteSuspender(did, noted)] }
  })
}

/** Call it when the account was restored, or when the operator has suspended or restored it. Idempotent. */
export async function endSuspension(directory: Directory, { did }: { did: string }): Promise<void> {
  await directory.lane.write([did], async () => ({
    answer: undefined,
    statements: [noteSuspender(did, null)],
  }))
}

function noteSuspender(did: string, by: string | null) {
  return { sql: 'UPDATE account SET suspended_by = ? WHERE did = ?', params: [by, did] }
}

export interface Sweep {
  tenant: string
  /** Whether to suspend or to restore the accounts. */
  suspended: boolean
  dids: string[]
}

/**
 * Some accounts that do not have the state of their tenant, in the order of their DIDs; no other process gets accounts of
 * that tenant for a minute. Null if nothing is left to do. When these are done, also if some failed, call it again with
 * `tenant` and the last DID; failed accounts are found again a minute after the last ones.
 */
export async function takeSweep(
  directory: Directory,
  { tenant = null, after = '', limit }: { tenant?: string | null; after?: string; limit: number },
): Promise<Sweep | null> {
  return directory.lane.write<Sweep | null>(['tenants'], async (now) => {
    const row = await directory.sql.first<{ id: string; status: string }>(
      `SELECT id, status FROM tenant WHERE status <> 'deleting'
         AND (sweep_at <= ?1 OR (id = ?2 AND sweep_at IS NOT NULL)) ORDER BY id = ?2 DESC LIMIT 1`,
      now,
      tenant,
    )
    if (row === undefined) return { answer: null, statements: [] }
    const { id, status } = row
    const suspended = status === 'suspended'
    const accounts = `FROM account WHERE tenant = ?1 AND ${suspended ? left : restorable}`
    const found = await directory.sql.all<{ did: string }>(
      `SELECT did ${accounts} AND did > ?2 ORDER BY did LIMIT ?3`,
      id,
      id === tenant ? after : '',
      limit,
    )
    const statements = [
      // Looked up again in the transaction: an account may be confirmed in it.
      {
        sql: `UPDATE tenant SET sweep_at = CASE WHEN EXISTS (SELECT 1 ${accounts}) THEN ?2 END
              WHERE id = ?1`,
        params: [id, now + LEASE_MS],
      },
      ...(suspended || found.length > 0 ? [] : [forgetOperators(id)]),
    ]
    return { answer: { tenant: id, suspended, dids: found.map(({ did }) => did) }, statements }
  })
}

const left = `reserved_until IS NULL AND status <> 'deleted'
  AND (suspended_by IS NULL OR (suspended_by = 'server' AND status IN ('active', 'deactivated')))`
const restorable = `suspended_by = 'server'`

function forgetOperators(tenant: string) {
  return {
    sql: `UPDATE account SET suspended_by = NULL WHERE tenant = ? AND suspended_by = 'operator'`,
    params: [tenant],
  }
}
