/** Letting go of events that are too old for any cursor: a bounded number at a time, in the transaction of an append. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { Tail } from '#src/sequencer/tail.ts'

/** Twice as many may go as have come since the last time, so that the log cannot outgrow the window. */
const EVERY_EVENTS = 256
const MAX_TRIMMED = 512

/** A replay that began at the edge of the window is not overtaken. */
const GRACE_MS = 3_600_000

interface TrimmerPorts {
  sql: Sql
  clock: Clock
  tail: Tail
  backfillMs: number
}

export class Trimmer {
  readonly #ports: TrimmerPorts
  /** Events since the last time; the first append after a wake looks. */
  #since = EVERY_EVENTS

  constructor(ports: TrimmerPorts) {
    this.#ports = ports
  }

  /** What goes along with the next `adding` events: mostly nothing. */
  async statementsFor(adding: number): Promise<Statement[]> {
    this.#since += adding
    if (this.#since < EVERY_EVENTS) return []
    this.#since = 0
    const { sql, clock, tail, backfillMs } = this.#ports
    const before = (clock.now() - backfillMs - Math.min(backfillMs, GRACE_MS)) * 1_000
    const old = await sql.first<{ through: number | null }>(
      'SELECT max(seq) AS through FROM (SELECT seq FROM log WHERE seq < ? ORDER BY seq LIMIT ?)',
      before,
      MAX_TRIMMED,
    )
    const through = old?.through ?? null
    if (through === null) return []
    // Said before it is done: a reader must rather suspect a gap than miss one.
    tail.trimmed = through
    return [
      { sql: 'DELETE FROM log WHERE seq <= ?', params: [through] },
      { sql: 'UPDATE edge SET trimmed = ?', params: [through] },
    ]
  }
}
