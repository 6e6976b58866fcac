/** Both ends of the firehose without a socket: a log that a test scripts, and a peer that keeps what it was sent. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { FanOut, type LogSource } from '#src/gateway/firehose/fan-out.ts'
import type { RingLimits } from '#src/gateway/firehose/frame-ring.ts'
import { serveSubscriber } from '#src/gateway/firehose/subscribe-repos.ts'
import { Subscriber } from '#src/gateway/firehose/subscriber.ts'
import type { Log } from '#src/log.ts'
import { frame } from '#src/protocol/frames.ts'
import { accountEntry, readFrame } from '#tests/support/test-sequencer.ts'

export const silent = { warn() {}, error() {}, info() {}, debug() {} } as unknown as Log

export function frameOf(seq: number): Uint8Array {
  const { kind, event, seqAt } = accountEntry(1, 'did:plc:alice')
  return frame(kind, event, seqAt, seq)
}

/** The sequencer's log as a test scripts it. Answers take `delay` microtask turns. */
export class FakeLog implements LogSource {
  seqs: number[] = []
  head = 0
  first = 1
  trimmed = 0
  erased = 0
  /** Maximum number of events in a page. */
  pageSize = 500
  delay: () => number = () => 1
  calls = { bounds: 0, read: 0, follow: 0 }
  /** Errors to throw instead of the next answers. */
  failures: unknown[] = []
  #grown = Promise.withResolvers<void>()

  append(...seqs: number[]): void {
    this.seqs.push(...seqs)
    this.head = seqs.at(-1) ?? this.head
    this.#grown.resolve()
    this.#grown = Promise.withResolvers<void>()
  }

  async bounds() {
    this.calls.bounds++
    await this.#turns()
    return { first: this.first, head: this.head }
  }

  async read({ after, limit }: { after: number; limit: number }) {
    this.calls.read++
    return this.#page(after, limit)
  }

  async follow({ after }: { after: number; waitMs: number }) {
    this.calls.follow++
    while (!this.seqs.some((seq) => seq > after) && this.failures.length === 0) {
      await this.#grown.promise
    }
    return this.#page(after, 500)
  }

  /** Reads at one moment between request and answer. */
  async #page(after: number, limit: number) {
    await this.#turns()
    const { head, trimmed, erased } = this
    const seqs = this.seqs.filter((seq) => seq > after).slice(0, Math.min(limit, this.pageSize))
    await this.#turns()
    return { events: seqs.map((seq) => ({ seq, frame: frameOf(seq) })), head, trimmed, erased }
  }

  async #turns(): Promise<void> {
    for (let n = this.delay(); n > 0; n--) await Promise.resolve()
    if (this.failures.length > 0) throw this.failures.shift()
  }
}

/** A connection whose peer reads what it is sent, or stalls. */
export class FakePeer {
  readonly ws = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    ping: (payload: Buffer) => void this.pings.push(payload),
    close: (code: number, reason: string) => this.#close(code, reason),
    terminate: () => this.#close(1006, ''),
  })
  readonly socket: EventEmitter
  pings: Buffer[] = []
  closed: { code: number; reason: string } | undefined
  sent: Buffer[] = []
  #isStalled = false
  #queued = 0

  constructor() {
    const write = (bytes: Buffer) => {
      this.sent.push(bytes)
      if (this.#isStalled) this.#queued += 1024 * 1024
    }
    this.socket = Object.defineProperties(new EventEmitter(), {
      write: { value: write },
      bytesWritten: { get: () => Buffer.concat(this.sent).length },
      writableLength: { get: () => this.#queued },
      writableNeedDrain: { get: () => this.#queued > 0 },
    }) as EventEmitter
  }

  /** From now on nothing is read; each write counts as a megabyte in the send queue. */
  stall(): void {
    this.#isStalled = true
  }

  /** Reads a byte of what is queued. */
  trickle(): void {
    this.#queued -= 1
  }

  drain(): void {
    this.#isStalled = false
    this.#queued = 0
    this.socket.emit('drain')
  }

  /** The messages, decoded from their WebSocket frames. */
  get messages(): Uint8Array[] {
    const bytes = Buffer.concat(this.sent)
    const messages: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const short = bytes[at + 1]!
      const [length, start] =
        short === 127
          ? [Number(bytes.readBigUInt64BE(at + 2)), at + 10]
          : short === 126
            ? [bytes.readUInt16BE(at + 2), at + 4]
            : [short, at + 2]
      messages.push(bytes.subarray(start, start + length))
      at = start + length
    }
    return messages
  }

  get seqs(): number[] {
    return this.messages.map((message) => readFrame(message).seq)
  }

  #close(code: number, reason: string): void {
    this.closed ??= { code, reason }
    this.ws.readyState = 3
    this.ws.emit('close')
  }
}

/** A gateway that follows `log`; `connect` adds a subscriber. */
export function testFirehose(
  log: FakeLog,
  options: { maxBuffer?: number; limits?: RingLimits; notedSeq?: () => number } = {},
) {
  const { maxBuffer = 500, limits, notedSeq = () => 0 } = options
  const fanOut = new FanOut({ source: log, log: silent, ...(limits && { limits }) })
  void fanOut.run()
  function connect(cursor: string | null = null) {
    const peer = new FakePeer()
    const ws = peer.ws as unknown as WebSocket
    const socket = peer.socket as unknown as Socket
    const bounds = { maxBuffer, stallTimeoutMs: 60_000 }
    const subscriber = new Subscriber({ ws, socket, fanOut, ...bounds })
    const ports = { source: log, fanOut, log: silent, notedSeq }
    const served = serveSubscriber(subscriber, cursor, ports)
    return Object.assign(peer, { subscriber, served })
  }
  return { fanOut, connect }
}

/** Runs every pending microtask and immediate. */
export const flushTasks = () => new Promise<void>((resolve) => setImmediate(resolve))
