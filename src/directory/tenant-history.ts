/** How long the tenant of an account keeps its history: accounts ask for it when they wake. */
import type { TenantHistory } from '#src/account/history-window.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { defaultQuotas, type TenantSettings } from '#src/rules/tenants.ts'

/** Null for an account of no tenant. */
export async function findTenantHistory(
  { sql }: Directory,
  { did }: { did: string },
): Promise<TenantHistory | null> {
  const row = await sql.first<{ settings: string }>(
    `SELECT settings FROM tenant JOIN account ON account.tenant = tenant.id WHERE account.did = ?`,
    did,
  )
  return row === undefined ? null : tenantHistory(row.settings)
}

/** `settings` is JSON. The operator may have lowered the quota since the tenant chose. */
export function tenantHistory(settings: string): TenantHistory {
  const { historyDays, quotas } = JSON.parse(settings) as Partial<TenantSettings>
  if (historyDays === undefined) return { days: null }
  return { days: Math.min(historyDays, quotas?.historyDays ?? defaultQuotas.historyDays) }
}
