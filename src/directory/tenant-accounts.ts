/** The accounts of a tenant. For it, accounts of others do not exist. */
import { formatAccountCursor, parseAccountCursor } from '#src/directory/account-cursor.ts'
import { mustNotBeDeletedId } from '#src/directory/deleted-external-ids.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { deleteExpiredReservations } from '#src/directory/reservations.ts'
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TenantBrand, TenantSettings } from '#src/rules/tenants.ts'

export interface TenantAccount {
  did: string
  handle: string
  status: string
  externalId: string | null
  kind: 'person' | 'group'
  email: string | null
  /** `tenant`; `server`, because the tenant is suspended; null for the operator, or if it is not suspended. */
  suspendedBy: string | null
  /** ISO 8601. */
  createdAt: string
}

type Row = Omit<TenantAccount, 'createdAt'> & { createdAt: number }

const selectAccounts = `SELECT did, handle, status, external_id AS externalId, kind, email,
  suspended_by AS suspendedBy, created_at AS createdAt FROM account`
const isExisting = `reserved_until IS NULL AND status <> 'deleted'`

/** One of these. */
export interface AccountName {
  did?: string
  handle?: string
  externalId?: string
}

export async function findTenantAccount(
  { sql }: Directory,
  { tenant, did, handle, externalId }: AccountName & { tenant: string },
): Promise<TenantAccount | null> {
  const [column, value] =
    did !== undefined
      ? ['did', did]
      : handle !== undefined
        ? ['handle', handle.toLowerCase()]
        : ['external_id', externalId ?? null]
  const row = await sql.first<Row>(
    `${selectAccounts} WHERE tenant = ? AND ${column} = ? AND ${isExisting}`,
    tenant,
    value,
  )
  return row === undefined ? null : accountOf(row)
}

/** Tenants by DID; accounts of no tenant are left out. */
export async function tenantsOfAccounts(
  { sql }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<Record<string, string>> {
  const rows = await sql.all<{ did: string; tenant: string }>(
    `SELECT did, tenant FROM account
     WHERE tenant IS NOT NULL AND did IN (SELECT value FROM json_each(?))`,
    JSON.stringify(dids),
  )
  return Object.fromEntries(rows.map(({ did, tenant }) => [did, tenant]))
}

/**
 * Whether a tenant has created or adopted the account. One that someone has signed up for, or that was moved to the tenant,
 * was never the tenant's to hand over.
 */
export async function isCustodial({ sql }: Directory, { did }: { did: string }): Promise<boolean> {
  const row = await sql.first('SELECT 1 FROM account WHERE did = ? AND is_custodial = 1', did)
  return row !== undefined
}

export interface AccountFilter {
  tenant: string
  status?: string
  kind?: string
  cursor?: string
  limit: number
  /** The newest first. */
  reverse?: boolean
}

/** The oldest first. Throws 400 for a malformed cursor. */
export async function listTenantAccounts(
  { sql }: Directory,
  { tenant, status, kind, cursor, limit, reverse = false }: AccountFilter,
): Promise<{ accounts: TenantAccount[]; cursor?: string }> {
  const first: [number, string] = reverse ? [Number.MAX_SAFE_INTEGER, ''] : [-1, '']
  const [createdAt, did] = cursor === undefined ? first : parseAccountCursor(cursor)
  const [after, order] = reverse ? ['<', 'DESC'] : ['>', 'ASC']
  const rows = await sql.all<Row>(
    `${selectAccounts} WHERE tenant = ?1 AND (created_at, did) ${after} (?2, ?3) AND ${isExisting}
       AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR kind = ?5)
     ORDER BY created_at ${order}, did ${order} LIMIT ?6`,
    ...[tenant, createdAt, did, status ?? null, kind ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { accounts: rows.map(accountOf), ...(last && { cursor: formatAccountCursor(last) }) }
}

/** Throws 400 AccountNotFound, ExternalIdTaken. */
export async function setExternalId(
  directory: Directory,
  { tenant, did, externalId }: { tenant: string; did: string; externalId: string },
): Promise<void> {
  await directory.lane.write([did, `tenant ${tenant}`], async (now) => {
    if ((await findTenantAccount(directory, { tenant, did })) === null) {
      throw invalidRequest('Account not found', 'AccountNotFound')
    }
    const other = await directory.sql.first(
      `SELECT 1 FROM account WHERE tenant = ? AND external_id = ? AND did <> ?
         AND (reserved_until IS NULL OR reserved_until > ?)`,
      ...[tenant, externalId, did, now],
    )
    if (other !== undefined) {
      throw invalidRequest('Another account has this externalId', 'ExternalIdTaken')
    }
    await mustNotBeDeletedId(directory, { tenant, externalId })
    const update = {
      sql: 'UPDATE account SET external_id = ? WHERE did = ?',
      params: [externalId, did],
    }
    return { answer: undefined, statements: [...deleteExpiredReservations(now), update] }
  })
}

/** The brand for an account, found by its DID or email address; null if it is of no tenant. */
export async function findTenantBrand(
  { sql }: Directory,
  { did, email }: { did?: string; email?: string },
): Promise<TenantBrand | null> {
  const row = await sql.first<{ name: string; settings: string }>(
    `SELECT tenant.name, tenant.settings FROM account JOIN tenant ON tenant.id = account.tenant
     WHERE account.did = ? OR account.email = ?`,
    ...[did ?? null, email?.toLowerCase() ?? null],
  )
  if (row === undefined) return null
  const { branding = {} } = JSON.parse(row.settings) as TenantSettings
  return { name: row.name, branding }
}

/** Counts the accounts by status. */
export async function countTenantAccounts(
  { sql }: Directory,
  { tenant }: { tenant: string },
): Promise<Record<string, number>> {
  const rows = await sql.all<{ status: string; n: number }>(
    `SELECT status, count(*) AS n FROM account WHERE tenant = ? AND ${isExisting} GROUP BY status`,
    tenant,
  )
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]))
}

function accountOf({ createdAt, ...row }: Row): TenantAccount {
  return { ...row, createdAt: isoTime(createdAt) }
}
