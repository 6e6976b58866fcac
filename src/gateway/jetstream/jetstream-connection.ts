/** One client of a Jetstream endpoint: what it is sent, and how it ends. */
import { XrpcError } from '#src/errors.ts'
import { Batch, frameOf } from '#src/gateway/events/batch.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { Encoding } from '#src/gateway/events/stream-event.ts'
import type { Sink, Subscription } from '#src/gateway/events/subscription.ts'
import { messageLength } from '#src/gateway/firehose/websocket-frame.ts'
import {
  GOING_AWAY,
  INTERNAL_ERROR,
  POLICY_VIOLATION,
  StreamConnection,
} from '#src/gateway/http/stream-connection.ts'
import type { UpgradedConnection } from '#src/gateway/http/upgrades.ts'
import type { StartPosition } from '#src/gateway/jetstream/cursor.ts'
import { errorMessage } from '#src/gateway/jetstream/encodings.ts'
import type { StreamOptions } from '#src/gateway/jetstream/options.ts'
import type { JetstreamStats } from '#src/gateway/jetstream/stats.ts'
import type { Wire, WrittenEvents } from '#src/gateway/jetstream/wire.ts'
import type { Log } from '#src/log.ts'

const TRY_AGAIN_LATER = 1013
/** Normal, going away, and a close frame without a code. */
const CLEAN_CLOSES = [1000, GOING_AWAY, 1005]

export interface JetstreamConnectionPorts {
  events: EventStream
  encoding: Encoding
  wire: Wire
  stats: JetstreamStats
  log: Log
  stallTimeoutMs: number
  /** Whether errors are sent as messages before the connection is closed. */
  sendsErrors: boolean
}

export class JetstreamConnection implements Sink {
  readonly #ports: JetstreamConnectionPorts
  readonly #connection: StreamConnection
  readonly #address: string
  #subscription: Subscription | undefined
  #maxMessageBytes = 0

  constructor({ ws, socket, address }: UpgradedConnection, ports: JetstreamConnectionPorts) {
    this.#ports = ports
    this.#address = address
    const { stats, wire, stallTimeoutMs } = ports
    this.#connection = new StreamConnection({
      ...{ ws, socket, stallTimeoutMs },
      onStalled: () => this.onTooSlow(),
    })
    this.#connection.onDrain = () => this.#subscription?.resume()
    this.#connection.onStop = () => this.#unsubscribe()
    stats.subscribers[wire.scheme] += 1
    ws.once('close', (code) => {
      stats.subscribers[wire.scheme] -= 1
      if (CLEAN_CLOSES.includes(code)) stats.cleanDisconnects += 1
    })
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  get isSubscribed(): boolean {
    return this.#subscription !== undefined
  }

  subscribe({ filter, maxMessageBytes }: StreamOptions, { after }: StartPosition): void {
    this.#maxMessageBytes = maxMessageBytes
    this.#orEnd(() => {
      const options = { filter, after, address: this.#address, sink: this }
      this.#subscription = this.#ports.events.subscribe(options)
    })
  }

  /** For events that have not been sent yet. */
  setOptions({ filter, maxMessageBytes }: StreamOptions): void {
    this.#maxMessageBytes = maxMessageBytes
    this.#orEnd(() => this.#subscription?.setFilter(filter))
  }

  send(batch: Batch): boolean {
    const { wire } = this.#ports
    const written = wire.write(this.#withoutOversize(batch))
    if (!(written instanceof Promise)) {
      this.#write(written)
      return this.#connection.hasRoom
    }
    written.then(
      (events) => {
        this.#write(events)
        if (this.#connection.hasRoom) this.#subscription?.resume()
      },
      (error) => this.onError(error),
    )
    return false
  }

  onTooSlow(): void {
    void this.fail('ConsumerTooSlow', 'Stream consumer too slow')
  }

  onError(err: unknown): void {
    this.#ports.log.error({ err }, 'a Jetstream connection failed')
    void this.fail('InternalError', 'Internal Server Error', INTERNAL_ERROR)
  }

  /** A message that is not an event. Rejects if it cannot be compressed. */
  async say(text: string): Promise<void> {
    this.#connection.write(await this.#ports.wire.writeText(text))
  }

  async fail(error: string, message: string, code = POLICY_VIOLATION): Promise<void> {
    this.#unsubscribe()
    if (this.#ports.sendsErrors) await this.say(errorMessage(error, message)).catch(() => {})
    this.end(code, error)
  }

  end(code: number, reason: string): void {
    this.#connection.end(code, closeReason(reason))
  }

  terminate(): void {
    this.#connection.terminate()
  }

  check(now: number): void {
    this.#connection.check(now)
  }

  #withoutOversize(batch: Batch): Batch {
    const max = this.#maxMessageBytes
    if (max === 0) return batch
    const { encoding, stats } = this.#ports
    const events = batch.events.filter((event) => {
      const frame = frameOf(event, encoding)
      return frame !== undefined && messageLength(frame) <= max
    })
    stats.eventsOversize += batch.events.length - events.length
    return events.length === batch.events.length ? batch : new Batch(events)
  }

  #write({ bytes, messages, payloadBytes, textBytes }: WrittenEvents): void {
    if (!this.isOpen || messages === 0) return
    this.#connection.write(bytes)
    const { stats, wire } = this.#ports
    stats.eventsSent[wire.scheme] += messages
    stats.bytesSent[wire.scheme] += payloadBytes
    stats.bytesEncoded[wire.scheme] += textBytes
  }

  #unsubscribe(): void {
    const subscription = this.#subscription
    if (!subscription?.isOpen) return
    subscription.close()
    this.#ports.stats.eventsFiltered += subscription.filtered
  }

  #orEnd(change: () => void): void {
    try {
      change()
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      void this.fail(error.error, error.message, TRY_AGAIN_LATER)
    }
  }
}

const MAX_REASON_BYTES = 123

/** Cut at a whole character: a close frame holds no more. */
export function closeReason(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES - 3))
  return `${reason.slice(0, read)}...`
}
