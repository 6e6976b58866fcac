/** How many accounts and groups a tenant may still create. */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Refusal, TenantReservation } from '#src/directory/tenant-reservations.ts'
import { mustFind, tenantSuspended } from '#src/directory/tenants.ts'
import type { Statement } from '#src/ports/sql.ts'

const HOUR_MS = 60 * 60_000

type Kind = keyof typeof names

/** Of a tenant's reservations, which come one after another. */
export class TenantQuota {
  readonly #tenant: string
  readonly #hour: number
  readonly #quotas: Record<Kind, number>
  readonly #counts: Record<Kind, number>
  #taken = 0

  private constructor(
    { tenant, hour }: { tenant: string; hour: number },
    quotas: Record<Kind, number>,
    counts: Record<Kind, number>,
  ) {
    this.#tenant = tenant
    this.#hour = hour
    this.#quotas = quotas
    this.#counts = counts
  }

  /** Throws 403 TenantSuspended. */
  static async read(directory: Directory, tenant: string, now: number): Promise<TenantQuota> {
    const { status, settings, usage } = await mustFind(directory, tenant)
    if (status !== 'active') throw tenantSuspended()
    // The reservation deletes them in its transaction.
    const expired = await directory.sql.first<{ accounts: number; groups: number }>(
      `SELECT count(*) AS accounts, count(nullif(kind, 'person')) AS groups FROM account
       WHERE tenant = ? AND reserved_until <= ?`,
      ...[tenant, now],
    )
    return new TenantQuota({ tenant, hour: Math.floor(now / HOUR_MS) }, settings.quotas, {
      accounts: usage.accounts - (expired?.accounts ?? 0),
      groups: usage.groups - (expired?.groups ?? 0),
      accountsPerHour: usage.accountsThisHour,
    })
  }

  /** Counts the account; or says why there is no room for it. */
  take({ group }: Pick<TenantReservation, 'group'>): Refusal | undefined {
    const kinds = group === undefined ? counted : [...counted, 'groups' as const]
    const full = kinds.find((kind) => this.#counts[kind] >= this.#quotas[kind])
    if (full !== undefined) {
      const message = `The tenant may have ${this.#quotas[full]} ${names[full]} at most`
      return { status: 413, error: 'QuotaExceeded', message }
    }
    for (const kind of kinds) this.#counts[kind]++
    this.#taken++
    return undefined
  }

  /** Stores the count of the hour; triggers count the others. */
  count(): Statement {
    return {
      sql: `UPDATE tenant SET hour = ?1,
              hour_accounts = CASE WHEN hour = ?1 THEN hour_accounts + ?2 ELSE ?2 END
            WHERE id = ?3`,
      params: [this.#hour, this.#taken, this.#tenant],
    }
  }
}

const names = {
  accounts: 'accounts',
  groups: 'groups',
  accountsPerHour: 'new accounts an hour',
}
const counted = ['accounts', 'accountsPerHour'] as const
