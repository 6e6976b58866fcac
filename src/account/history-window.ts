/**
 * How long and how large the history of an account may be: by its own setting, or else by its tenant's, or else by those
 * of the server. An account asks for its tenant's when it wakes, once in a while: so a change reaches a million accounts
 * without waking them.
 */
import { firehoseOutbox, type OutboxRow, type OutboxTable } from '#src/account/outbox.ts'
import { trimPast } from '#src/account/past.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import { tid } from '#src/protocol/tid.ts'

/** The server's settings. */
export interface HistoryLimits {
  /** For groups and the accounts of tenants; 0: none. */
  days: number
  maxBytes: number
}

/** What the tenant of an account has set for its accounts. */
export interface TenantHistory {
  /** Null: as the server is configured. */
  days: number | null
}

export interface HistoryState {
  /** The rev at which it begins; null if it is off. */
  since: string | null
  /** For how long it is; 0 if it is to be off. */
  days: number
  /** The account's own setting; null if the server's settings apply. */
  ownDays: number | null
}

/** What other accounts have: long enough to undo a mistake. */
const SHORT_DAYS = 7
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
// How old the answer of the directory may be; others may have been moved to a tenant.
const ASK_TENANTS_MS = HOUR_MS
const ASK_OTHERS_MS = DAY_MS

interface Ports {
  sql: Sql
  clock: Clock
  limits: HistoryLimits
  /** Null for an account of no tenant. */
  findTenantHistory(): Promise<TenantHistory | null>
}

export class HistoryWindow {
  readonly #ports: Ports
  #days: number | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  get maxBytes(): number {
    return this.#ports.limits.maxBytes
  }

  /** Call when the account wakes, and when what it depends on has changed. Undefined if there is no account. */
  async load(): Promise<HistoryState | undefined> {
    const { sql, limits } = this.#ports
    const row = await sql.first<{
      since: string | null
      days: number | null
      tenantDays: number | null
      isLong: number
    }>(
      `SELECT since, days, tenant_days AS tenantDays,
         is_long OR EXISTS (SELECT 1 FROM member) AS isLong FROM history`,
    )
    if (row === undefined) return undefined
    const { since, days: ownDays, tenantDays, isLong } = row
    const serverDays = isLong ? limits.days : Math.min(SHORT_DAYS, limits.days)
    this.#days = ownDays ?? tenantDays ?? serverDays
    return { since, ownDays, days: this.#days }
  }

  /** Asks the directory for what the tenant has set; unless `again`, not if it did so recently. Call `load` afterwards. */
  async askTenant({ again = false } = {}): Promise<void> {
    const { sql, clock, findTenantHistory } = this.#ports
    const now = clock.now()
    const row = await sql.first<{ isLong: number; askedAt: number }>(
      'SELECT is_long AS isLong, asked_at AS askedAt FROM history',
    )
    const maxAge = row?.isLong ? ASK_TENANTS_MS : ASK_OTHERS_MS
    if (row === undefined || (!again && now - row.askedAt < maxAge)) return
    const found = await findTenantHistory()
    await sql.batch([
      {
        sql: 'UPDATE history SET is_long = ?, tenant_days = ?, asked_at = ?',
        params: [found === null ? 0 : 1, found?.days ?? null, now],
      },
    ])
  }

  /** Statements that delete what is too old or too much; none before `load`. */
  trim(): Statement[] {
    return this.#days === undefined ? [] : trimPast(this.#oldest(this.#days), this.maxBytes)
  }

  /** As `trim`, if something is older than it may be by more than a day. */
  async trimIfDue(): Promise<Statement[]> {
    if (this.#days === undefined) return []
    const late = await this.#ports.sql.first(
      'SELECT 1 FROM (SELECT until FROM past_record ORDER BY id LIMIT 1) WHERE until < ?',
      this.#oldest(this.#days + 1),
    )
    return late === undefined ? [] : this.trim()
  }

  // By the hour, so that the row which has it is not changed with each call.
  #oldest(days: number): string {
    const now = this.#ports.clock.now()
    return tid(Math.max(0, now - (now % HOUR_MS) - days * DAY_MS) * 1000, 0)
  }
}

/** The outbox whose commits move to the history, in the transaction that also deletes what is too old of it. */
export function trimmingOutbox(history: Pick<HistoryWindow, 'trim'>): OutboxTable<OutboxRow> {
  return {
    ...firehoseOutbox,
    deleteDelivered: (through) => [...firehoseOutbox.deleteDelivered(through), ...history.trim()],
  }
}
