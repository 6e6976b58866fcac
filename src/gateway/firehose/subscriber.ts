/** One firehose connection: its position in the log, and its back-pressure. */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { FanOut } from '#src/gateway/firehose/fan-out.ts'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'
import { errorFrame } from '#src/protocol/frames.ts'

/** Beyond this many unsent bytes per connection, frames wait in the shared ring instead. */
const MAX_QUEUED_BYTES = 1024 * 1024

/** WebSocket close codes (RFC 6455 section 7.4.1). */
const POLICY_VIOLATION = 1008

export class Subscriber {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #fanOut: FanOut
  readonly #maxBuffer: number
  /** True once it has caught up; only then does `maxBuffer` apply. */
  #isLive = false
  #hasPonged = true
  #onDrain = () => {}
  #onStop = () => {}
  position = 0
  readonly closed: Promise<void>

  constructor(ports: { ws: WebSocket; socket: Socket; fanOut: FanOut; maxBuffer: number }) {
    const { ws, socket, fanOut, maxBuffer } = ports
    this.#ws = ws
    this.#socket = socket
    this.#fanOut = fanOut
    this.#maxBuffer = maxBuffer
    socket.on('drain', () => this.#onDrain())
    ws.on('pong', () => {
      this.#hasPonged = true
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

  end(code: number, reason: string): void {
    this.#ws.close(code, reason)
    this.#onStop()
  }

  ping(): void {
    if (this.#hasPonged) this.#ws.ping()
    else this.#ws.terminate()
    this.#hasPonged = false
  }

  terminate(): void {
    this.#ws.terminate()
  }

  /** Bypasses `ws`, which would frame each message per peer. Writes whole frames, so frames of `ws` fit between. */
  #write(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.write(bytes)
  }
}
