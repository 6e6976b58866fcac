/**
 * One subscriber's way through the events: a position, not a queue. What it has not been sent is in the ring or in the
 * log, however slowly it reads.
 *
 * 1. Replay: pages of the log, each given when the sink takes more, until the ring covers the position.
 * 2. Cut-over: the position is one seq, and log and ring are both read from the event after it. So no event is given
 *    twice and none is skipped.
 * 3. Live: the index gives it the events that it wants. If its sink takes no more, it reads on in the ring later, and if
 *    the ring no longer covers the position by then, it is back at 1.
 */
import { Batch } from '#src/gateway/events/batch.ts'
import type { EventRing, Segment } from '#src/gateway/events/event-ring.ts'
import { type EventFilter, wants } from '#src/gateway/events/filter.ts'
import type { Replay } from '#src/gateway/events/replay.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { SubscriptionIndex } from '#src/gateway/events/subscription-index.ts'

/** Where a subscriber's events go. */
export interface Sink {
  /** In order. Returns false if it takes no more until `resume` is called. */
  send(batch: Batch): boolean
  /** Everything up to this seq has been given: from here on events are given as they happen. Called once. */
  onCaughtUp?(seq: number): void
  /** Events from `from` to `to` that it asked for are no longer in the log. Called before any event is given. */
  onGap?(gap: { from: number; to: number }): void
  /** Its next events have been trimmed from the log. The subscription has ended. */
  onTooSlow(): void
  /** Reading the log failed. The subscription has ended. */
  onError(error: unknown): void
}

export interface SubscriptionPorts {
  ring: EventRing
  index: SubscriptionIndex<Subscription>
  replay: Replay
  bounds(): Promise<{ first: number; head: number }>
  /** Throws if there may not be a filter such as `to`. */
  onFilter(from: EventFilter, to: EventFilter): void
  onEnd(): void
}

export interface SubscribeOptions {
  filter: EventFilter
  /** Seq: only events after it. Undefined: only those from now on. */
  after?: number | undefined
  /** Private events too; their accounts must be in `filter.dids`, at most 100. */
  includePrivate?: boolean
  /** Of the client: the accounts in the filters of one address have a bound. */
  address?: string
  sink: Sink
}

export class Subscription {
  readonly includePrivate: boolean
  readonly #ports: SubscriptionPorts
  readonly #sink: Sink
  #filter: EventFilter
  /** Seq of the last event that was considered; while it is live, that of the last one before. */
  #position: number
  #state: 'replaying' | 'reading' | 'live' | 'ended' = 'replaying'
  #takesMore = true
  #hasCaughtUp = false
  #onResume = () => {}
  /** How many public events were read for it and not given; while it is live, without those since `#liveSince`. */
  #filtered = 0
  #liveSince = 0
  #liveGiven = 0

  constructor(
    { filter, sink, after, includePrivate = false }: SubscribeOptions,
    ports: SubscriptionPorts,
  ) {
    this.#ports = ports
    this.#filter = filter
    this.#sink = sink
    this.includePrivate = includePrivate
    this.#position = after ?? ports.ring.head
    // Not before the caller has the subscription.
    queueMicrotask(() => (after === undefined ? this.#readOn() : void this.#start()))
  }

  get filter(): EventFilter {
    return this.#filter
  }

  /** Seq: events up to here have been given, or are not wanted. */
  get position(): number {
    const { head } = this.#ports.ring
    return this.#state === 'live' ? Math.max(head, this.#position) : this.#position
  }

  get isOpen(): boolean {
    return this.#state !== 'ended'
  }

  /** How many public events it has passed over. Only for subscriptions without private events. */
  get filtered(): number {
    if (this.#state !== 'live') return this.#filtered
    return this.#filtered + this.#ports.ring.publicCount - this.#liveSince - this.#liveGiven
  }

  /** For events that have not been given yet. Throws 503 if this process follows too many accounts. */
  setFilter(filter: EventFilter): void {
    if (!this.isOpen) return
    this.#ports.onFilter(this.#filter, filter)
    if (this.#state === 'live') this.#ports.index.remove(this)
    this.#filter = filter
    if (this.#state === 'live') this.#ports.index.add(this)
  }

  /** The sink takes more. */
  resume(): void {
    if (this.#takesMore) return
    this.#takesMore = true
    if (this.#state === 'reading') this.#readRing()
    this.#onResume()
  }

  /** Calling it again does nothing. */
  close(): void {
    if (this.#state === 'ended') return
    if (this.#state === 'live') this.#leaveLive()
    this.#state = 'ended'
    this.#ports.onEnd()
    this.#onResume()
  }

  /** For a live subscription: events of the newest segment that it wants. */
  give(batch: Batch): void {
    if (this.#state !== 'live' || batch.isEmpty) return
    try {
      // Its cursor may be ahead of this process: from another one.
      const isNew = batch.events[0]!.seq > this.#position
      this.#liveGiven += batch.events.length
      const takesMore = this.#send(isNew ? batch : this.#wanted(batch.events, this.#position))
      // The sink may have closed it.
      if (!takesMore && this.isOpen) this.#leaveLive()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The ring is about to lose events that a live subscription may not have been given. */
  leaveRing(): void {
    if (this.#state !== 'live') return
    this.#leaveLive()
    queueMicrotask(() => this.#readOn())
  }

  #leaveLive(): void {
    // From here on it has a position of its own.
    this.#position = this.position
    this.#filtered = this.filtered
    this.#state = 'reading'
    this.#ports.index.remove(this)
  }

  #readOn(): void {
    if (this.isOpen) this.#readRing()
  }

  async #start(): Promise<void> {
    try {
      const { first } = await this.#ports.bounds()
      if (this.isOpen && this.#position + 1 < first) {
        this.#sink.onGap?.({ from: this.#position + 1, to: first - 1 })
        this.#position = first - 1
      }
      await this.#replay()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #replay(): Promise<void> {
    const { ring, replay } = this.#ports
    while (this.isOpen && !ring.covers(this.#position)) {
      const after = this.#position
      const { includePrivate } = this
      const page = await replay.next(this.#filter, { after, head: ring.head, includePrivate })
      if (!this.isOpen) return
      if (after < page.trimmed) return this.#tooSlow()
      if (page.through <= after) throw new Error('the log ends before the ring starts')
      this.#position = page.through
      if (!this.#send(this.#wanted(page.events, after))) await this.#roomToSend()
    }
    if (this.isOpen) this.#readRing()
  }

  #readRing(): void {
    const { ring } = this.#ports
    this.#state = 'reading'
    while (this.#takesMore) {
      if (!ring.covers(this.#position)) {
        this.#state = 'replaying'
        this.#replay().catch((error) => this.#fail(error))
        return
      }
      const segment = ring.after(this.#position)
      if (segment === undefined) {
        this.#goLive()
        return
      }
      const batch = this.#wantedOf(segment)
      this.#position = segment.last
      this.#send(batch)
      if (!this.isOpen) return
    }
  }

  #goLive(): void {
    this.#state = 'live'
    this.#liveSince = this.#ports.ring.publicCount
    this.#liveGiven = 0
    this.#ports.index.add(this)
    if (this.#hasCaughtUp) return
    this.#hasCaughtUp = true
    this.#sink.onCaughtUp?.(this.position)
  }

  #wantedOf({ events, publicEvents }: Segment): Batch {
    const { kinds, dids, collections } = this.#filter
    const isUnfiltered = kinds === undefined && dids === undefined && collections === undefined
    const begins = publicEvents.events[0]
    if (isUnfiltered && !this.includePrivate && begins && begins.seq > this.#position) {
      return publicEvents
    }
    return this.#wanted(events, this.#position)
  }

  #wanted(events: readonly StreamEvent[], after: number): Batch {
    const due = events.filter(({ seq, isPrivate }) => {
      return seq > after && (!isPrivate || this.includePrivate)
    })
    const wanted = due.filter((event) => wants(this.#filter, event))
    this.#filtered += due.length - wanted.length
    return new Batch(wanted)
  }

  #send(batch: Batch): boolean {
    if (!batch.isEmpty && !this.#sink.send(batch)) this.#takesMore = false
    return this.#takesMore
  }

  async #roomToSend(): Promise<void> {
    if (this.#takesMore || !this.isOpen) return
    await new Promise<void>((resolve) => {
      this.#onResume = resolve
    })
  }

  #tooSlow(): void {
    this.close()
    this.#sink.onTooSlow()
  }

  #fail(error: unknown): void {
    if (!this.isOpen) return
    this.close()
    this.#sink.onError(error)
  }
}
