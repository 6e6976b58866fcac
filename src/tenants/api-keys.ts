/** The API keys of a tenant. Only their hashes are stored: the gateway makes a key and shows it once. */
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TenantScope } from '#src/rules/tenants.ts'
import { type AuditEntry, auditRow } from '#src/tenants/audit.ts'
import type { TenantContext } from '#src/tenants/tenant.ts'

const MAX_KEYS = 50
const USED_EVERY_MS = 60_000

export interface StoredKey {
  prefix: string
  hash: string
  name: string
  scopes: TenantScope[]
  /** Addresses and ranges; empty for all. */
  addresses: string[]
  createdAt: number
  createdBy: string
  expiresAt: number | null
  lastUsedAt: number | null
}

/** Times are ISO 8601. */
export interface KeyView {
  prefix: string
  name: string
  scopes: string[]
  addresses: string[]
  createdAt: string
  createdBy: string
  expiresAt?: string
  lastUsedAt?: string
}

export type NewKey = Omit<StoredKey, 'createdAt' | 'createdBy' | 'lastUsedAt'>

/** Idempotent for the same hash. Throws 400 TooManyKeys; expired keys count until they are deleted. */
export async function createKey(
  tenant: TenantContext,
  { key, audit }: { key: NewKey; audit: AuditEntry },
): Promise<KeyView> {
  await tenant.lane.write(['keys'], async (now) => {
    const known = await keysOf(tenant)
    if (known.has(key.hash)) return { answer: undefined, statements: [] }
    if (known.size >= MAX_KEYS) {
      throw invalidRequest(`A tenant may have ${MAX_KEYS} API keys at most`, 'TooManyKeys')
    }
    const { prefix, hash, name, scopes, addresses, expiresAt } = key
    const insert = {
      sql: `INSERT INTO api_key
              (prefix, hash, name, scopes, addresses, created_at, created_by, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [
        ...[prefix, hash, name, JSON.stringify(scopes), JSON.stringify(addresses)],
        ...[now, audit.actor, expiresAt],
      ],
    }
    return { answer: undefined, statements: [insert, ...auditRow(audit, now)] }
  })
  tenant.keys = undefined
  const stored = (await keysOf(tenant)).get(key.hash)
  if (stored === undefined) throw invalidRequest('The key was deleted meanwhile', 'KeyNotFound')
  return viewOf(stored)
}

export async function listKeys(tenant: TenantContext): Promise<KeyView[]> {
  const keys = [...(await keysOf(tenant)).values()]
  return keys.toSorted((a, b) => a.createdAt - b.createdAt).map(viewOf)
}

/** Does nothing for an unknown key. The key is refused from now on, since every request asks for it. */
export async function deleteKey(
  tenant: TenantContext,
  { prefix, audit }: { prefix: string; audit: AuditEntry },
): Promise<void> {
  await tenant.lane.write(['keys'], async (now) => {
    const known = [...(await keysOf(tenant)).values()]
    if (!known.some((key) => key.prefix === prefix)) return { answer: undefined, statements: [] }
    const remove = { sql: 'DELETE FROM api_key WHERE prefix = ?', params: [prefix] }
    return { answer: undefined, statements: [remove, ...auditRow(audit, now)] }
  })
  tenant.keys = undefined
}

/** What the key with this hash allows; null if it is unknown or has expired. */
export async function useKey(
  tenant: TenantContext,
  { hash }: { hash: string },
): Promise<Pick<StoredKey, 'prefix' | 'scopes' | 'addresses'> | null> {
  const key = (await keysOf(tenant)).get(hash)
  const now = tenant.clock.now()
  if (key === undefined || (key.expiresAt !== null && key.expiresAt <= now)) return null
  if (now - (key.lastUsedAt ?? 0) >= USED_EVERY_MS) {
    key.lastUsedAt = now
    const sql = 'UPDATE api_key SET last_used_at = ? WHERE hash = ?'
    // A lost write costs one minute of accuracy, so nothing waits for it.
    tenant.sql.commit([{ sql, params: [now, hash] }]).catch(() => {})
  }
  const { prefix, scopes, addresses } = key
  return { prefix, scopes, addresses }
}

type Row = Omit<StoredKey, 'scopes' | 'addresses'> & { scopes: string; addresses: string }

function keysOf(tenant: TenantContext): Promise<Map<string, StoredKey>> {
  tenant.keys ??= readKeys(tenant).catch((error: unknown) => {
    tenant.keys = undefined
    throw error
  })
  return tenant.keys
}

async function readKeys({ sql }: TenantContext): Promise<Map<string, StoredKey>> {
  const rows = await sql.all<Row>(
    `SELECT prefix, hash, name, scopes, addresses, created_at AS createdAt,
       created_by AS createdBy, expires_at AS expiresAt, last_used_at AS lastUsedAt
     FROM api_key`,
  )
  return new Map(
    rows.map(({ scopes, addresses, ...row }) => {
      const lists = { scopes: JSON.parse(scopes), addresses: JSON.parse(addresses) }
      return [row.hash, { ...row, ...lists }]
    }),
  )
}

function viewOf({ prefix, name, scopes, addresses, ...key }: StoredKey): KeyView {
  const { createdAt, createdBy, expiresAt, lastUsedAt } = key
  return {
    ...{ prefix, name, scopes, addresses, createdBy, createdAt: isoTime(createdAt) },
    ...(expiresAt !== null && { expiresAt: isoTime(expiresAt) }),
    ...(lastUsedAt !== null && { lastUsedAt: isoTime(lastUsedAt) }),
  }
}
