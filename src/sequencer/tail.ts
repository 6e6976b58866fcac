/** The newest events of the log, in memory: followers read them here and wait here for more. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface LogEvent {
  seq: number
  frame: Uint8Array
}

export interface TailEvent extends LogEvent {
  did: string
}

export interface LogEdges {
  /** No event has a higher seq, and new events get higher ones. */
  head: number
  /** All events up to this seq have been deleted for their age. */
  trimmed: number
  /** Seq of the newest account deletion, which removed earlier events from the log. */
  erased: number
}

const MAX_EVENTS = 4_096
const MAX_BYTES = 16 * 1024 * 1024

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
  // All events after this seq are in memory.
  #floor = 0
  /** How far the database went when it was first read, and when that was. */
  storedAtWake = { seq: 0, at: 0 }
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

  ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  since(seq: number, limit: number, maxBytes: number): LogEvent[] | undefined {
    if (seq < this.#floor) return undefined
    // Readers are usually near the end, so the search starts there.
    let from = this.#events.length
    while (from > 0 && this.#events[from - 1]!.seq > seq) from -= 1
    return pageOf(this.#events, from, limit, maxBytes)
  }

  append(events: readonly TailEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += event.frame.length
      this.head = event.seq
    }
    let dropped = 0
    while (this.#events.length - dropped > MAX_EVENTS || this.#bytes > MAX_BYTES) {
      const { seq, frame } = this.#events[dropped++]!
      this.#bytes -= frame.length
      this.#floor = seq
    }
    this.#events.splice(0, dropped)
    this.#wake()
  }

  erase(dids: ReadonlySet<string>, by: number): void {
    this.#events = this.#events.filter(({ did }) => !dids.has(did))
    this.#bytes = this.#events.reduce((sum, { frame }) => sum + frame.length, 0)
    this.erased = by
  }

  /**
   * Call this if a transaction failed: everything is read again. No seq up to `attempted` is reused, since the
   * transaction may have been committed after all.
   */
  reload(attempted: number): void {
    this.#loading = null
    this.head = Math.max(this.head, attempted)
    this.#wake()
  }

  waitPast(seq: number, waitMs: number): Promise<void> {
    if (this.head > seq || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const cancel = this.#timer(waitMs, wake)
      this.#waiting.add(wake)
    })
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  // Seqs continue from the clock if it is ahead of the log: after a restore from a backup, which lacks the newest seqs,
  // relays still see them increase.
  async #load(): Promise<void> {
    const edges = await this.#sql.first<LogEdges>(
      'SELECT ifnull((SELECT max(seq) FROM log), 0) AS head, trimmed, erased FROM edge',
    )
    // The schema inserts the only row.
    const { head, trimmed, erased } = edges!
    // A failed transaction may have been committed after all, without having been synced.
    await this.#sql.durable()
    this.head = Math.max(this.head, head, this.#clock.now() * 1_000)
    this.trimmed = trimmed
    this.erased = erased
    if (this.storedAtWake.at === 0) {
      const seq = Math.max(head, trimmed, erased)
      this.storedAtWake = { seq, at: this.#clock.now() }
    }
    this.#events = []
    this.#bytes = 0
    this.#floor = this.head
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
