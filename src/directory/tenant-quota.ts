/** How many accounts and groups a tenant may still create. */
import type { Directory } from '#src/directory/open-directory.ts'
import { mustFindTenant, tenantSuspended } from '#src/directory/tenants.ts'
import { addTenantEvent } from '#src/directory/webhook-events.ts'
import { XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

const HOUR_MS = 60 * 60_000

type Kind = keyof typeof names

/** Counts the accounts that one transaction adds to a tenant. */
export class TenantQuota {
  readonly #tenant: string
  readonly #now: number
  readonly #quotas: Record<Kind, number>
  readonly #counts: Record<Kind, number>
  readonly #before: Record<Kind, number>
  #taken = 0

  private constructor(
    { tenant, now }: { tenant: string; now: number },
    quotas: Record<Kind, number>,
    counts: Record<Kind, number>,
  ) {
    this.#tenant = tenant
    this.#now = now
    this.#quotas = quotas
    this.#counts = counts
    this.#before = { ...counts }
  }

  /** Throws 403 TenantSuspended. */
  static async read(directory: Directory, tenant: string, now: number): Promise<TenantQuota> {
    const { status, settings, usage } = await mustFindTenant(directory, tenant)
    if (status !== 'active') throw tenantSuspended()
    // The transaction deletes them. With the plus SQLite finds them by time, and does not read all accounts of the tenant.
    const expired = await directory.sql.first<{ accounts: number; groups: number }>(
      `SELECT count(*) AS accounts, count(nullif(kind, 'person')) AS groups FROM account
       WHERE +tenant = ? AND reserved_until <= ?`,
      ...[tenant, now],
    )
    return new TenantQuota({ tenant, now }, settings.quotas, {
      accounts: usage.accounts - (expired?.accounts ?? 0),
      groups: usage.groups - (expired?.groups ?? 0),
      accountsPerHour: usage.accountsThisHour,
    })
  }

  /** Counts one account more, or returns the error 413 QuotaExceeded if the tenant may not have it. */
  take({ isGroup }: { isGroup: boolean }): XrpcError | undefined {
    const kinds = isGroup ? [...counted, 'groups' as const] : counted
    const full = kinds.find((kind) => this.#counts[kind] >= this.#quotas[kind])
    if (full !== undefined) return this.#exceeded(full)
    for (const kind of kinds) this.#counts[kind]++
    this.#taken++
    return undefined
  }

  #exceeded(kind: Kind): XrpcError {
    const message = `The tenant may have ${this.#quotas[kind]} ${names[kind]} at most`
    if (kind !== 'accountsPerHour') return new XrpcError(413, 'QuotaExceeded', message)
    const waitMs = HOUR_MS - (this.#now % HOUR_MS)
    const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) }
    return new XrpcError(413, 'QuotaExceeded', message, headers)
  }

  /** Stores the count of the hour, and warns of quotas that are nearly used up; triggers count the others. */
  count(): Statement[] {
    const countHour = {
      sql: `UPDATE tenant SET hour = ?1,
              hour_accounts = CASE WHEN hour = ?1 THEN hour_accounts + ?2 ELSE ?2 END
            WHERE id = ?3`,
      params: [Math.floor(this.#now / HOUR_MS), this.#taken, this.#tenant],
    }
    return [countHour, ...warned.flatMap((kind) => this.#warnings(kind))]
  }

  #warnings(quota: Kind): Statement[] {
    const [before, used, max] = [this.#before[quota], this.#counts[quota], this.#quotas[quota]]
    const percent = [100, 80].find((one) => {
      const limit = Math.ceil((max * one) / 100)
      return before < limit && used >= limit
    })
    if (percent === undefined) return []
    // The same warning is sent once a day at most.
    const day = Math.floor(this.#now / (24 * HOUR_MS))
    const id = `quota_${this.#tenant}_${quota}_${percent}_${max}_${day}`
    const data = { quota, percent, used, max }
    return addTenantEvent({ tenant: this.#tenant, id, type: 'quota.warning', data }, this.#now)
  }
}

/**
 * The statements that count one account more. Call it in a write of the subject `tenant <id>`. Throws 403 TenantSuspended,
 * 413 QuotaExceeded.
 */
export async function countAccount(
  directory: Directory,
  { tenant, isGroup }: { tenant: string; isGroup: boolean },
  now: number,
): Promise<Statement[]> {
  const quota = await TenantQuota.read(directory, tenant, now)
  const exceeded = quota.take({ isGroup })
  if (exceeded !== undefined) throw exceeded
  return quota.count()
}

const names = {
  accounts: 'accounts',
  groups: 'groups',
  accountsPerHour: 'new accounts an hour',
}
const counted = ['accounts', 'accountsPerHour'] as const
/** There are no warnings for the hourly quota, which is reset before anyone could react. */
const warned = ['accounts', 'groups'] as const
