/** The most recent events, private ones too; all subscribers that have caught up are served from it. */
import { Batch } from '#src/gateway/events/batch.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'

/** What was appended together. */
export interface Segment {
  /** In order; all events with seqs above those of the segment before, up to `last`. */
  readonly events: readonly StreamEvent[]
  /** Those that are not private. */
  readonly publicEvents: Batch
  readonly last: number
  readonly bytes: number
}

export interface EventRingLimits {
  events: number
  bytes: number
}

const defaultLimits: EventRingLimits = { events: 8_192, bytes: 16 * 1024 * 1024 }

/** An event with its fields, and what surrounds its record in a message. */
const EVENT_BYTES = 700
/** The frame's block, and the texts that are made of it: for Jetstream, compressed or not, and for account events. */
const COPIES_OF_RECORD = 4

export class EventRing {
  readonly #limits: EventRingLimits
  #segments: Segment[] = []
  #events = 0
  #bytes = 0
  #floor = 0
  #head = 0
  /** Public events that have been appended since the start. */
  publicCount = 0

  constructor(limits: EventRingLimits = defaultLimits) {
    this.#limits = limits
  }

  get head(): number {
    return this.#head
  }

  reset(seq: number): void {
    this.#segments = []
    this.#events = 0
    this.#bytes = 0
    this.#floor = seq
    this.#head = seq
  }

  /** `events` must be all that come after `head`, up to `through`. Undefined if there are none. */
  append(events: readonly StreamEvent[], through: number): Segment | undefined {
    this.#head = Math.max(this.#head, through)
    if (events.length === 0) return undefined
    const publicEvents = new Batch(events.filter(({ isPrivate }) => !isPrivate))
    const segment = { events, publicEvents, last: this.#head, bytes: sizeOf(events) }
    this.#segments.push(segment)
    this.publicCount += publicEvents.events.length
    this.#events += events.length
    this.#bytes += segment.bytes
    while (this.#segments.length > 1 && this.#isOverfull()) this.#drop()
    return segment
  }

  /** Events before this seq were trimmed from the log, or may have been erased. */
  dropBefore(before: number): void {
    while (this.#segments.length > 0 && this.#segments[0]!.events[0]!.seq < before) this.#drop()
  }

  /** Whether every event after `seq` is in the ring. */
  covers(seq: number): boolean {
    return seq >= this.#floor
  }

  /** The first segment with events after a covered `seq`. */
  after(seq: number): Segment | undefined {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#segments[middle]!.last > seq) high = middle
      else low = middle + 1
    }
    return this.#segments[low]
  }

  #isOverfull(): boolean {
    return this.#events > this.#limits.events || this.#bytes > this.#limits.bytes
  }

  #drop(): void {
    const { events, bytes, last } = this.#segments.shift()!
    this.#events -= events.length
    this.#bytes -= bytes
    this.#floor = last
  }
}

function sizeOf(events: readonly StreamEvent[]): number {
  return events.reduce((sum, { commit, body, sync }) => {
    const record = commit?.recordBytes ?? sync?.blocks.length ?? body?.length ?? 0
    return sum + EVENT_BYTES + COPIES_OF_RECORD * record
  }, 0)
}
