/** How long and how large the history of an account may be: by its own setting, or else by those of the server. */
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

export class HistoryWindow {
  readonly #ports: { sql: Sql; clock: Clock; limits: HistoryLimits }
  #days: number | undefined

  constructor(ports: { sql: Sql; clock: Clock; limits: HistoryLimits }) {
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
      isLong: number
    }>(`SELECT since, days, is_long OR EXISTS (SELECT 1 FROM member) AS isLong FROM history`)
    if (row === undefined) return undefined
    const { since, days: ownDays, isLong } = row
    this.#days = ownDays ?? (isLong ? limits.days : Math.min(SHORT_DAYS, limits.days))
    return { since, ownDays, days: this.#days }
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
