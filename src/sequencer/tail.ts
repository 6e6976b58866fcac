/** The newest end of the log, in memory: what followers are answered from, and where they wait for more. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'

/** One event as subscribers get it. */
export interface LogEvent {
  seq: number
  frame: Uint8Array
}

export interface TailEvent extends LogEvent {
  did: string
}

/** Where the log ends, on both sides. */
export interface LogEdges {
  /** No event has a higher seq, and none will be logged with this one or a lower. */
  head: number
  /** Every event up to this seq is gone, being too old. */
  trimmed: number
  /** The newest event that took earlier ones out of the log. */
  erased: number
}

const MAX_EVENTS = 4_096
const MAX_BYTES = 16 * 1024 * 1024

/** The first events, at least one, that are within `limit` and `maxBytes`. */
function pageOf(events: readonly TailEvent[], from: number, limit: number, maxBytes: number) {
  const page: LogEvent[] = []
  let bytes = 0
  for (let i = from; i < events.length && page.length < limit; i++) {
    const { seq, frame } = events[i]!
    bytes += frame.length
    if (bytes > maxBytes && page.length > 0) break
    page.push({ seq, frame })
  }
  return page
}

export class Tail implements LogEdges {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #timer: Timer
  #loading: Promise<void> | null = null
  #waiting = new Set<() => void>()
  #closed = false
  #events: TailEvent[] = []
  #bytes = 0
  /** Every event after this seq is in memory. */
  #floor = 0
  head = 0
  trimmed = 0
  erased = 0

  constructor(ports: { sql: Sql; clock: Clock; timer: Timer }) {
    this.#sql = ports.sql
    this.#clock = ports.clock
    this.#timer = ports.timer
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves when the edges are known; rejects while the database cannot be read. */
  ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  /** The events after `seq`, a page of them; undefined where memory does not reach back that far. */
  since(seq: number, limit: number, maxBytes: number): LogEvent[] | undefined {
    if (seq < this.#floor) return undefined
    // Readers are near the end: looking from there finds their place in a step or two.
    let from = this.#events.length
    while (from > 0 && this.#events[from - 1]!.seq > seq) from -= 1
    return pageOf(this.#events, from, limit, maxBytes)
  }

  /** Events that have just become durable, in order; wakes the followers. */
  append(events: readonly TailEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += event.frame.length
      this.head = event.seq
    }
    let gone = 0
    while (this.#events.length - gone > MAX_EVENTS || this.#bytes > MAX_BYTES) {
      const { seq, frame } = this.#events[gone++]!
      this.#bytes -= frame.length
      this.#floor = seq
    }
    if (gone > 0) this.#events = this.#events.slice(gone)
    this.#wake()
  }

  /** The events of these accounts have left the log. */
  erase(dids: ReadonlySet<string>, by: number): void {
    this.#events = this.#events.filter(({ did }) => !dids.has(did))
    this.#bytes = this.#events.reduce((sum, { frame }) => sum + frame.length, 0)
    this.erased = by
  }

  /**
   * It is not known what the database holds: everything is read anew. No seq up to `attempted` is given out again,
   * since the transaction that failed may have stored it after all.
   */
  reload(attempted: number): void {
    this.#loading = null
    this.head = Math.max(this.head, attempted)
    this.#wake()
  }

  /** Resolves when there may be something after `seq`, and after `waitMs` at the latest. */
  waitPast(seq: number, waitMs: number): Promise<void> {
    if (this.head > seq || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        callOff()
        this.#waiting.delete(done)
        resolve()
      }
      const callOff = this.#timer(waitMs, done)
      this.#waiting.add(done)
    })
  }

  /** Lets every follower go, with what there is. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /**
   * Seqs go on from the clock where that is ahead of the log: after a restore from a backup, which has forgotten its
   * newest seqs, relays still see them rise.
   */
  async #load(): Promise<void> {
    const edges = await this.#sql.first<Omit<LogEdges, 'head'> & { head: number | null }>(
      'SELECT (SELECT max(seq) FROM log) AS head, trimmed, erased FROM edge',
    )
    this.head = Math.max(this.head, edges?.head ?? 0, this.#clock.now() * 1_000)
    this.trimmed = edges?.trimmed ?? 0
    this.erased = edges?.erased ?? 0
    this.#events = []
    this.#bytes = 0
    this.#floor = this.head
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done()
  }
}
