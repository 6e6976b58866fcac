/** The accounts of a tenant. Those of others are as if they were not there. */
import { formatAccountCursor, parseAccountCursor } from '#src/directory/account-cursor.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { mustHaveRoom } from '#src/directory/tenants.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

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
const isThere = `reserved_until IS NULL AND status <> 'deleted'`

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
    `${selectAccounts} WHERE tenant = ? AND ${column} = ? AND ${isThere}`,
    tenant,
    value,
  )
  return row === undefined ? null : accountOf(row)
}

/** Which of the DIDs are accounts of which tenant; the others are left out. */
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

export interface AccountFilter {
  tenant: string
  status?: string
  kind?: string
  cursor?: string
  limit: number
}

/** Oldest first. Throws 400 for a malformed cursor. */
export async function listTenantAccounts(
  { sql }: Directory,
  { tenant, status, kind, cursor, limit }: AccountFilter,
): Promise<{ accounts: TenantAccount[]; cursor?: string }> {
  const [createdAt, did] = cursor === undefined ? [-1, ''] : parseAccountCursor(cursor)
  const rows = await sql.all<Row>(
    `${selectAccounts} WHERE tenant = ?1 AND (created_at, did) > (?2, ?3) AND ${isThere}
       AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR kind = ?5)
     ORDER BY created_at, did LIMIT ?6`,
    ...[tenant, createdAt, did, status ?? null, kind ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { accounts: rows.map(accountOf), ...(last && { cursor: formatAccountCursor(last) }) }
}

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

function accountOf({ createdAt, ...row }: Row): TenantAccount {
  return { ...row, createdAt: new Date(createdAt).toISOString() }
}
