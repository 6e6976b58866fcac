/** The newest events of the log, in memory: followers read them here and wait here for more. */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

export interface LogEvent {
  /** The last of the seqs that it takes. */
  seq: number
  /** How many seqs it takes: one for each operation of a commit. Absent: one. */
  seqCount?: number
  frame: Uint8Array
}

/** One of the two: an event of the firehose, or a private one. */
export type TailEvent = { seq: number; did: string } & (
  | { seqCount: number; frame: Uint8Array; privateEvent?: undefined }
  | { privateEvent: PrivateEvent }
)

export interface TailPage {
  events: LogEvent[]
  privateEvents: PrivateEvent[]
  /** Seq up to which the page is complete. */
  through: number
}

export interface LogEdges {
  /** No event has a higher seq, and new events get higher ones. */
  head: number
  /** All events up to this seq have been deleted for their age. */
  trimmed: number
  /** Seq of the newest account deletion, which removed earlier events from the log. */
  erased: number
}

interface PageBounds {
  limit: number
  maxBytes: number
  includePrivate: boolean
  /** The seq up to which all events are known. */
  through: number
}

const MAX_EVENTS = 4_096
const MAX_BYTES = 16 * 1024 * 1024

const sizeOf = (event: TailEvent): number =>
  event.privateEvent === undefined ? event.frame.length : event.privateEvent.body.length

function pageOf(events: readonly TailEvent[], from: number, bounds: PageBounds): TailPage {
  const page: TailPage = { events: [], privateEvents: [], through: bounds.through }
  const { limit, maxBytes, includePrivate } = bounds
  let count = 0
  let bytes = 0
  for (let i = from; i < events.length; i++) {
    const event = events[i]!
    if (event.privateEvent !== undefined && !includePrivate) continue
    bytes += sizeOf(event)
    if (count >= limit || (bytes > maxBytes && count > 0)) {
      page.through = events[i - 1]!.seq
      break
    }
    count += 1
    if (event.privateEvent !== undefined) page.privateEvents.push(event.privateEvent)
    else page.events.push({ seq: event.seq, seqCount: event.seqCount, frame: event.frame })
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

  /** The events after `seq`; undefined if they are not all in memory. */
  since(
    seq: number,
    {
      limit,
      maxBytes,
      includePrivate = false,
    }: { limit: number; maxBytes: number; includePrivate?: boolean },
  ): TailPage | undefined {
    if (seq < this.#floor) return undefined
    // Readers are usually near the end, so the search starts there.
    let from = this.#events.length
    while (from > 0 && this.#events[from - 1]!.seq > seq) from -= 1
    return pageOf(this.#events, from, { limit, maxBytes, includePrivate, through: this.head })
  }

  append(events: readonly TailEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += sizeOf(event)
      this.head = event.seq
    }
    let dropped = 0
    while (this.#events.length - dropped > MAX_EVENTS || this.#bytes > MAX_BYTES) {
      const event = this.#events[dropped++]!
      this.#bytes -= sizeOf(event)
      this.#floor = event.seq
    }
    this.#events.splice(0, dropped)
    this.#wake()
  }

  erase(dids: ReadonlySet<string>, by: number): void {
    this.#events = this.#events.filter(({ did }) => !dids.has(did))
    this.#bytes = this.#events.reduce((sum, event) => sum + sizeOf(event), 0)
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
      `SELECT max(ifnull((SELECT max(seq) FROM log), 0),
                  ifnull((SELECT max(seq) FROM private_log), 0)) AS head, trimmed, erased FROM edge`,
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
