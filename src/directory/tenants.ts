/** Tenants: platforms with accounts of their own, and their settings. */
import type { Directory } from '#src/directory/open-directory.ts'
import { addTenantEvent } from '#src/directory/webhook-events.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import {
  defaultQuotas,
  type Tenant,
  type TenantBranding,
  type TenantQuotas,
  type TenantSettings,
  type TenantStatus,
} from '#src/rules/tenants.ts'

const MAX_TENANTS = 1_000
const HOUR_MS = 60 * 60_000

interface Row {
  id: string
  name: string
  did: string | null
  status: TenantStatus
  createdAt: number
  settings: string
  accounts: number
  groups: number
  hour: number
  hourAccounts: number
  domains: string
}

const selectTenants = `SELECT id, name, did, status, created_at AS createdAt, settings, accounts,
  groups, hour, hour_accounts AS hourAccounts,
  (SELECT json_group_array(domain) FROM tenant_domain
   WHERE tenant = tenant.id AND verified_at IS NOT NULL) AS domains
  FROM tenant WHERE status <> 'deleted'`

export interface NewTenant {
  id: string
  name: string
  did?: string
  quotas?: Partial<TenantQuotas>
}

/**
 * Idempotent for the same values. Throws 400 TenantExists if the id is or was taken, or the DID is another tenant's; 413
 * QuotaExceeded for more tenants than a server may have.
 */
export async function createTenant(directory: Directory, input: NewTenant): Promise<Tenant> {
  const { id, name, did = null, quotas = {} } = input
  const settings: TenantSettings = { quotas: { ...defaultQuotas, ...quotas } }
  const text = JSON.stringify(settings)
  await directory.lane.write(['tenants'], async (now) => {
    const rows = await directory.sql.all<{ id: string; did: string | null; settings: string }>(
      'SELECT id, did, settings FROM tenant WHERE id = ? OR did = ?',
      id,
      did,
    )
    const [row] = rows
    if (rows.length === 1 && row?.id === id && row.did === did && row.settings === text) {
      return { answer: undefined, statements: [] }
    }
    if (rows.some((other) => other.id === id)) throw tenantExists(`There is already a tenant ${id}`)
    if (rows.length > 0) throw tenantExists(`Another tenant has the DID ${did}`)
    const counted = await directory.sql.first<{ n: number }>(
      "SELECT count(*) AS n FROM tenant WHERE status <> 'deleted'",
    )
    if ((counted?.n ?? 0) >= MAX_TENANTS) {
      throw new XrpcError(413, 'QuotaExceeded', `There may be ${MAX_TENANTS} tenants at most`)
    }
    const insert = {
      sql: `INSERT INTO tenant (id, name, did, status, created_at, settings)
            VALUES (?, ?, ?, 'active', ?, ?)`,
      params: [id, name, did, now, text],
    }
    return { answer: undefined, statements: [insert] }
  })
  return mustFindTenant(directory, id)
}

export interface TenantChange {
  id: string
  name?: string
  /** Null removes it. */
  did?: string | null
  quotas?: Partial<TenantQuotas>
  handlePattern?: string | null
  branding?: TenantBranding | null
  historyDays?: number | null
}

/** Absent members stay. Throws 400 TenantNotFound, TenantExists; 413 QuotaExceeded for a longer history than it may have. */
export async function updateTenant(directory: Directory, input: TenantChange): Promise<Tenant> {
  const { id, quotas, handlePattern, branding, historyDays } = input
  await directory.lane.write(['tenants'], async () => {
    const { settings, ...old } = await mustFindTenant(directory, id)
    const did = input.did === undefined ? old.did : input.did
    const other = await directory.sql.first(
      'SELECT 1 FROM tenant WHERE did = ? AND id <> ?',
      did,
      id,
    )
    if (other !== undefined) throw tenantExists(`Another tenant has the DID ${did}`)
    const { historyDays: most } = settings.quotas
    if ((historyDays ?? 0) > most) {
      throw new XrpcError(413, 'QuotaExceeded', `A history may have ${most} days at most`)
    }
    const next = {
      ...settings,
      quotas: { ...settings.quotas, ...quotas },
      ...(handlePattern !== undefined && { handlePattern: handlePattern ?? undefined }),
      ...(branding !== undefined && { branding: branding ?? undefined }),
      ...(historyDays !== undefined && { historyDays: historyDays ?? undefined }),
    }
    const update = {
      sql: 'UPDATE tenant SET name = ?, did = ?, settings = ? WHERE id = ?',
      params: [input.name ?? old.name, did, JSON.stringify(next), id],
    }
    return { answer: undefined, statements: [update] }
  })
  return mustFindTenant(directory, id)
}

/**
 * Its accounts are suspended or restored in the background (tenant-suspensions.ts). Throws 400 TenantNotFound,
 * TenantDeleting.
 */
export async function setTenantStatus(
  directory: Directory,
  { id, status, reason }: { id: string; status: 'active' | 'suspended'; reason?: string },
): Promise<Tenant> {
  await directory.lane.write(['tenants', `tenant ${id}`], async (now) => {
    const { status: old } = await mustFindTenant(directory, id)
    const update = {
      sql: 'UPDATE tenant SET status = ?, sweep_at = 0 WHERE id = ?',
      params: [status, id],
    }
    if (old === status) return { answer: undefined, statements: [] }
    if (old === 'deleting') throw invalidRequest('The tenant is being deleted', 'TenantDeleting')
    const event = {
      ...{ tenant: id, id: `tenant_${id}_${now}` },
      type: status === 'suspended' ? ('tenant.suspended' as const) : ('tenant.restored' as const),
      data: { ...(reason !== undefined && { reason }) },
    }
    return { answer: undefined, statements: [update, ...addTenantEvent(event, now)] }
  })
  return mustFindTenant(directory, id)
}

export async function getTenant(
  directory: Directory,
  { id }: { id: string },
): Promise<Tenant | null> {
  const row = await directory.sql.first<Row>(`${selectTenants} AND id = ?`, id)
  return row === undefined ? null : tenantOf(row, directory.clock.now())
}

/** Ordered by id; the cursor is the last id of a page. */
export async function listTenants(
  { sql, clock }: Directory,
  { limit, cursor = '' }: { limit: number; cursor?: string },
): Promise<{ tenants: Tenant[]; cursor?: string }> {
  const rows = await sql.all<Row>(`${selectTenants} AND id > ? ORDER BY id LIMIT ?`, cursor, limit)
  const tenants = rows.map((row) => tenantOf(row, clock.now()))
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { tenants, ...(last && { cursor: last.id }) }
}

export async function mustFindTenant(directory: Directory, id: string): Promise<Tenant> {
  const tenant = await getTenant(directory, { id })
  if (tenant === null) throw invalidRequest(`There is no tenant ${id}`, 'TenantNotFound')
  return tenant
}

export function tenantSuspended(): XrpcError {
  return new XrpcError(403, 'TenantSuspended', 'The tenant is suspended')
}

function tenantOf(row: Row, now: number): Tenant {
  const { settings, createdAt, accounts, groups, hour, hourAccounts, domains, ...rest } = row
  const isThisHour = hour === Math.floor(now / HOUR_MS)
  return {
    ...rest,
    createdAt: isoTime(createdAt),
    settings: withAllQuotas(JSON.parse(settings) as TenantSettings),
    usage: { accounts, groups, accountsThisHour: isThisHour ? hourAccounts : 0 },
    domains: JSON.parse(domains) as string[],
  }
}

// A tenant that was created before a quota was added has no value for it.
function withAllQuotas(settings: TenantSettings): TenantSettings {
  return { ...settings, quotas: { ...defaultQuotas, ...settings.quotas } }
}

function tenantExists(message: string): XrpcError {
  return invalidRequest(message, 'TenantExists')
}
