/**
 * Deletes events older than the backfill window from both logs, and counts the log: a bounded number in the transaction
 * of an append.
 */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import { countNewEvents, uncountThrough } from '#src/sequencer/log-size.ts'
import type { Tail } from '#src/sequencer/tail.ts'

// Up to 512 are deleted for every 256 added, so that the log cannot outgrow the window.
const EVERY_EVENTS = 256
const MAX_TRIMMED = 512

// A replay that starts at the edge of the window must not be overtaken.
const GRACE_MS = 3_600_000

interface TrimmerPorts {
  sql: Sql
  clock: Clock
  tail: Tail
  backfillMs: number
}

export class Trimmer {
  readonly #ports: TrimmerPorts
  // Events since the last trim; the first append after a wake trims.
  #since = EVERY_EVENTS

  constructor(ports: TrimmerPorts) {
    this.#ports = ports
  }

  async statementsFor(adding: number): Promise<Statement[]> {
    this.#since += adding
    if (this.#since < EVERY_EVENTS) return []
    this.#since = 0
    const { sql, clock, tail, backfillMs } = this.#ports
    const cutoff = (clock.now() - backfillMs - Math.min(backfillMs, GRACE_MS)) * 1_000
    const oldest = await sql.first<{ through: number | null }>(
      `SELECT max(seq) AS through FROM (
         SELECT seq FROM (SELECT seq FROM log WHERE seq < ?1 ORDER BY seq LIMIT ?2)
         UNION ALL
         SELECT seq FROM (SELECT seq FROM private_log WHERE seq < ?1 ORDER BY seq LIMIT ?2)
         ORDER BY seq LIMIT ?2)`,
      cutoff,
      MAX_TRIMMED,
    )
    const through = oldest?.through ?? null
    if (through === null) return [countNewEvents]
    // Set before the deletion is durable: a reader may suspect a gap that is not there, but must not miss one.
    tail.trimmed = through
    return [
      countNewEvents,
      uncountThrough(through),
      { sql: 'DELETE FROM log WHERE seq <= ?', params: [through] },
      { sql: 'DELETE FROM private_log WHERE seq <= ?', params: [through] },
      { sql: 'UPDATE edge SET trimmed = ?', params: [through] },
    ]
  }
}
