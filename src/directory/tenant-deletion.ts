/**
 * The end of a tenant: its accounts are deleted or detached in the background, a few at a time, and then the tenant itself. No
 * progress is stored, because the accounts that are left show it: after a crash any process goes on.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { getTenant, mustFindTenant } from '#src/directory/tenants.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Tenant } from '#src/rules/tenants.ts'
import { tenantOwner } from '#src/rules/webhook-owners.ts'

/** After this time another process may continue the work. */
const LEASE_MS = 60_000

/**
 * From now on the tenant's calls and new accounts are refused. Idempotent; a later call decides what becomes of the accounts
 * that are left. Throws 400 TenantNotFound.
 */
export async function beginTenantDeletion(
  directory: Directory,
  { id, keepAccounts }: { id: string; keepAccounts: boolean },
): Promise<Tenant> {
  await directory.lane.write(['tenants', `tenant ${id}`], async () => {
    const { settings } = await mustFindTenant(directory, id)
    const update = {
      sql: `UPDATE tenant SET status = 'deleting', settings = ?, sweep_at = 0 WHERE id = ?`,
      params: [JSON.stringify({ ...settings, deletion: { keepAccounts } }), id],
    }
    return { answer: undefined, statements: [update] }
  })
  return mustFindTenant(directory, id)
}

export interface TenantDeletion {
  tenant: string
  keepAccounts: boolean
  /** `suspendedBy` as in `TenantAccount`. */
  accounts: { did: string; suspendedBy: string | null }[]
}

/**
 * Some accounts of a tenant that is being deleted, in the order of their DIDs, and none if none is left; no other process
 * gets accounts of that tenant for a minute. Null if there is no such tenant. When these are done, also if some failed, call it
 * again with `tenant` and the last DID.
 */
export async function takeTenantDeletion(
  directory: Directory,
  { tenant = null, after = '', limit }: { tenant?: string | null; after?: string; limit: number },
): Promise<TenantDeletion | null> {
  const { sql, clock } = directory
  const due = `SELECT id, settings FROM tenant
    WHERE status = 'deleting' AND (sweep_at <= ?1 OR id = ?2) ORDER BY id = ?2 DESC LIMIT 1`
  // Usually there is none, so nothing is written.
  if ((await sql.first(due, clock.now(), tenant)) === undefined) return null
  return directory.lane.write<TenantDeletion | null>(['tenants'], async (now) => {
    const row = await sql.first<{ id: string; settings: string }>(due, now, tenant)
    if (row === undefined) return { answer: null, statements: [] }
    const { id, settings } = row
    const { deletion } = JSON.parse(settings) as { deletion?: { keepAccounts: boolean } }
    const accounts = await sql.all<TenantDeletion['accounts'][number]>(
      `SELECT did, suspended_by AS suspendedBy FROM account
       WHERE tenant = ? AND reserved_until IS NULL AND did > ? ORDER BY did LIMIT ?`,
      ...[id, id === tenant ? after : '', limit],
    )
    const lease = {
      sql: 'UPDATE tenant SET sweep_at = ? WHERE id = ?',
      params: [now + LEASE_MS, id],
    }
    // If it is unknown, nothing is lost.
    const keepAccounts = deletion?.keepAccounts ?? true
    return { answer: { tenant: id, keepAccounts, accounts }, statements: [lease] }
  })
}

/** Makes an account one of no tenant, which keeps its handle. Does nothing to an account of another one. Idempotent. */
export async function detachAccount(
  { lane }: Directory,
  { did, tenant }: { did: string; tenant: string },
): Promise<void> {
  const detach = {
    sql: `UPDATE account SET tenant = NULL, external_id = NULL, kind = NULL, suspended_by = NULL,
            is_custodial = 0 WHERE did = ? AND tenant = ?`,
    params: [did, tenant],
  }
  await lane.write([did, `tenant ${tenant}`], async () => ({
    answer: undefined,
    statements: [detach],
  }))
}

/**
 * Removes a tenant without accounts, with all that the directory knows of it. Its id is not used again, because its audit
 * log stays. Returns false if it has accounts. Idempotent. Throws 400 InvalidRequest unless it is being deleted.
 */
export async function removeTenant(
  directory: Directory,
  { id }: { id: string },
): Promise<{ removed: boolean }> {
  // A confirmation must not be in the same transaction: it would answer that an account exists which is deleted here.
  const reserved = await directory.sql.all<{ did: string }>(
    'SELECT did FROM account WHERE tenant = ? AND reserved_until IS NOT NULL',
    id,
  )
  const names = ['tenants', 'tenant domains', `tenant ${id}`, `admins of ${id}`]
  const subjects = [...names, ...reserved.map(({ did }) => did)]
  await directory.lane.write(subjects, async () => {
    const row = await directory.sql.first<{ status: string; accounts: number }>(
      `SELECT status, (SELECT count(*) FROM account WHERE tenant = ?1 AND reserved_until IS NULL)
         AS accounts FROM tenant WHERE id = ?1`,
      id,
    )
    const isDone = row?.status === 'deleted' || (row?.accounts ?? 0) > 0
    if (isDone) return { answer: undefined, statements: [] }
    if (row?.status !== 'deleting') throw invalidRequest(`The tenant ${id} is not being deleted`)
    return { answer: undefined, statements: removal(id) }
  })
  return { removed: (await getTenant(directory, { id })) === null }
}

function removal(id: string): Statement[] {
  const reserved = 'SELECT did FROM account WHERE tenant = ? AND reserved_until IS NOT NULL'
  const codes = 'SELECT code FROM invite_code WHERE for_account = ?'
  const owner = `tenant:${id}`
  return [
    // Accounts that are being created: their confirmation is refused.
    { sql: `DELETE FROM birth WHERE did IN (${reserved})`, params: [id] },
    { sql: `DELETE FROM membership WHERE account IN (${reserved})`, params: [id] },
    { sql: 'DELETE FROM account WHERE tenant = ? AND reserved_until IS NOT NULL', params: [id] },
    { sql: `DELETE FROM invite_code_use WHERE code IN (${codes})`, params: [owner] },
    { sql: `DELETE FROM move_invite WHERE code IN (${codes})`, params: [owner] },
    { sql: 'DELETE FROM invite_code WHERE for_account = ?', params: [owner] },
    ...['tenant_domain', 'tenant_admin', 'tenant_job', 'deleted_external_id'].map((table) => ({
      sql: `DELETE FROM ${table} WHERE tenant = ?`,
      params: [id],
    })),
    { sql: 'DELETE FROM webhook_event WHERE owner = ?', params: [tenantOwner(id)] },
    {
      sql: `UPDATE tenant SET status = 'deleted', did = NULL, name = '', settings = '{}',
              sweep_at = NULL
            WHERE id = ?`,
      params: [id],
    },
  ]
}
