/** One firehose connection: its position in the log, its back-pressure, and whether its peer still reads. */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { FanOut } from '#src/gateway/firehose/fan-out.ts'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'
import { WriteProgress } from '#src/gateway/http/write-progress.ts'
import { errorFrame } from '#src/protocol/frames.ts'

/** Beyond this many unsent bytes per connection, frames wait in the shared ring instead. */
const MAX_QUEUED_BYTES = 256 * 1024

const PING_INTERVAL_MS = 30_000
/** A ping waits behind what the system has queued, up to some MB: a slow reader needs minutes for that. */
const PONG_TIMEOUT_MS = 180_000
/** How long a peer that has stalled may take to read on, up to the close frame. */
const END_TIMEOUT_MS = 30_000

/** WebSocket close codes (RFC 6455 section 7.4.1). */
const POLICY_VIOLATION = 1008

export interface SubscriberPorts {
  ws: WebSocket
  socket: Socket
  fanOut: FanOut
  maxBuffer: number
  /** A peer that takes nothing of what is sent to it for this long is disconnected. */
  stallTimeoutMs: number
}

export class Subscriber {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #fanOut: FanOut
  readonly #maxBuffer: number
  readonly #stallTimeoutMs: number
  readonly #progress: WriteProgress
  /** True once it has caught up; only then does `maxBuffer` apply. */
  #isLive = false
  #lastPingAt = Number.NEGATIVE_INFINITY
  /** The payload of the ping that has not been answered; unknown to a peer that has not read it. */
  #pingPayload: Buffer | undefined
  #endedAt: number | undefined
  #onDrain = () => {}
  #onStop = () => {}
  position = 0
  readonly closed: Promise<void>

  constructor(ports: SubscriberPorts) {
    const { ws, socket, fanOut, maxBuffer, stallTimeoutMs } = ports
    this.#ws = ws
    this.#socket = socket
    this.#fanOut = fanOut
    this.#maxBuffer = maxBuffer
    this.#stallTimeoutMs = stallTimeoutMs
    this.#progress = new WriteProgress(socket)
    socket.on('drain', () => this.#onDrain())
    ws.on('pong', (payload: Buffer) => {
      if (this.#pingPayload?.equals(payload)) this.#pingPayload = undefined
    })
    this.closed = new Promise((resolve) => ws.on('close', () => resolve()))
    ws.on('close', () => this.#onStop())
    // Keep an error listener: an unhandled 'error' event would crash the process. `close` follows it.
    ws.on('error', () => {})
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  /** Sends messages that are not in the ring; resolves when they have drained, or the connection has closed. */
  async send(messages: readonly Uint8Array[]): Promise<void> {
    this.#write(frameMessages(messages).bytes)
    if (!this.isOpen || !this.#socket.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve
      this.#onStop = resolve
    })
  }

  /** Sends frames from the ring until the ring no longer covers the position, or the connection has closed. */
  async stream(): Promise<void> {
    if (!this.isOpen) return
    await new Promise<void>((resolve) => {
      this.#onDrain = () => this.pump()
      this.#onStop = resolve
      this.#fanOut.join(this)
      this.pump()
    })
    this.#fanOut.leave(this)
  }

  pump(): void {
    const { ring } = this.#fanOut
    while (this.isOpen && this.#socket.writableLength < MAX_QUEUED_BYTES) {
      if (!ring.covers(this.position)) {
        this.#onStop()
        return
      }
      const next = ring.after(this.position)
      if (next === undefined) {
        this.#isLive = true
        return
      }
      this.#write(next.bytes)
      this.position = next.last
    }
    if (this.#isLive && ring.countAfter(this.position) > this.#maxBuffer) this.tooSlow()
  }

  tooSlow(): void {
    this.fail('ConsumerTooSlow', 'Stream consumer too slow')
  }

  fail(error: string, message: string, code = POLICY_VIOLATION): void {
    this.#write(frameMessages([errorFrame(error, message)]).bytes)
    this.end(code, error)
  }

  /** The close frame is sent after what is queued, for which the peer may take its time as long as it reads. */
  end(code: number, reason: string): void {
    this.#ws.close(code, reason)
    this.#onStop()
  }

  /**
   * To be called every few seconds; `now` in ms. Disconnects a peer that takes nothing, and one that answers no ping.
   * One that takes what is queued is alive, and is not pinged: the ping would be the last in the queue.
   */
  check(now: number): void {
    if (this.#progress.check(now)) this.#pingPayload = undefined
    const isStalled = this.#progress.stalledMs(now) >= this.#stallTimeoutMs
    if (!this.isOpen) {
      this.#endedAt ??= now
      if (isStalled && now - this.#endedAt >= END_TIMEOUT_MS) this.terminate()
    } else if (isStalled) this.tooSlow()
    else if (this.#socket.writableLength === 0) this.#ping(now)
  }

  #ping(now: number): void {
    if (this.#pingPayload !== undefined) {
      if (now - this.#lastPingAt >= PONG_TIMEOUT_MS) this.end(POLICY_VIOLATION, 'NoPong')
    } else if (now - this.#lastPingAt >= PING_INTERVAL_MS) {
      this.#lastPingAt = now
      this.#pingPayload = randomBytes(8)
      this.#ws.ping(this.#pingPayload)
    }
  }

  terminate(): void {
    this.#ws.terminate()
  }

  /** Bypasses `ws`, which would frame each message per peer. Writes whole frames, so frames of `ws` fit between. */
  #write(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.write(bytes)
  }
}
