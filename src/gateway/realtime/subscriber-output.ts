/**
 * What is sent on one connection: messages at once, events at the end of the turn, each of them once, and ticks when nothing
 * else was sent for a while.
 */
import type { Batch } from '#src/gateway/events/batch.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { PrivateFields } from '#src/gateway/realtime/may-receive.ts'
import { payloadText } from '#src/gateway/realtime/message-text.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import { TurnEvents } from '#src/gateway/realtime/turn-events.ts'

const TICK_MS = 25_000
/** Of subscriptions on one connection some may be silent while others are not. */
const MAX_TICK_MS = 60_000
const MAX_WAITING_BYTES = 256 * 1024

interface OutputOptions {
  transport: Transport
  /** The operations of a commit are one message. */
  perCommit: boolean
  onEventsSent(count: number): void
  /** Called at the end of a turn if events were refused in it. */
  onDrain(): void
}

export class SubscriberOutput {
  readonly #options: OutputOptions
  readonly #transport: Transport
  readonly #turn = new TurnEvents()
  #hasRefused = false
  #lastSentAt = 0
  #lastTickAt = 0

  constructor(options: OutputOptions) {
    this.#options = options
    this.#transport = options.transport
  }

  /** What waits for the end of the turn is not yet with the transport. */
  get takesMore(): boolean {
    return this.#transport.hasRoom && this.#turn.bytes < MAX_WAITING_BYTES
  }

  message(type: string, fields: object): void {
    this.#flush()
    this.#lastSentAt = performance.now()
    this.#transport.message(type, payloadText(type, fields))
  }

  /** A message about a subscription; that of the connection itself has the name ''. */
  messageAbout(
    name: string,
    type: string,
    fields: { seq?: number; [field: string]: unknown },
  ): void {
    this.#flush()
    this.#lastSentAt = performance.now()
    const all = name === '' ? fields : { ...fields, ids: [name] }
    this.#transport.message(type, payloadText(type, all), name === '' ? fields.seq : undefined)
  }

  /** Events that no other subscription of the connection may want too. Returns whether it takes more. */
  batch(batch: Batch): boolean {
    this.#flush()
    this.#lastSentAt = performance.now()
    this.#transport.events(batch)
    this.#options.onEventsSent(batch.events.length)
    return this.#transport.hasRoom
  }

  /** An event to be sent at the end of the turn; `fields` are those of a private one. */
  add(name: string, event: StreamEvent, fields: PrivateFields | undefined): void {
    if (this.#turn.size === 0) queueMicrotask(() => this.#endTurn())
    this.#turn.add(name, event, fields)
  }

  /** Call after the events of a subscription; returns whether it takes more. */
  endBatch(): boolean {
    this.#hasRefused ||= !this.takesMore
    return this.takesMore
  }

  /** Call when the transport has room again. */
  drained(): void {
    this.#hasRefused = false
  }

  /** `monotonicNow` counts on, in ms; everything up to `position()` has been sent. */
  tick(monotonicNow: number, position: () => number): void {
    this.#lastSentAt ||= monotonicNow
    this.#lastTickAt ||= monotonicNow
    const isSilent = monotonicNow - this.#lastSentAt >= TICK_MS
    const isDue = isSilent || monotonicNow - this.#lastTickAt >= MAX_TICK_MS
    if (!isDue || !this.#transport.hasRoom) return
    const seq = position()
    this.#transport.message('tick', payloadText('tick', { seq }), seq)
    this.#lastSentAt = monotonicNow
    this.#lastTickAt = monotonicNow
  }

  clear(): void {
    this.#turn.clear()
  }

  #endTurn(): void {
    this.#flush()
    // No drain follows if the transport has room after all.
    if (this.#hasRefused) this.#options.onDrain()
  }

  #flush(): void {
    const { size } = this.#turn
    if (size === 0) return
    this.#lastSentAt = performance.now()
    this.#options.onEventsSent(size)
    this.#turn.send(this.#transport, this.#options.perCommit)
  }
}
