/** One connection to the firehose: its place in the log, and what it can take. */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { FanOut } from '#src/gateway/firehose/fan-out.ts'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'
import { errorFrame } from '#src/protocol/frames.ts'

/** With more than this under way to one peer, the rest waits in the ring, which all share. */
const MAX_QUEUED_BYTES = 1024 * 1024

/** WebSocket close codes (RFC 6455 section 7.4.1). */
const POLICY_VIOLATION = 1008

export class Subscriber {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #fanOut: FanOut
  readonly #maxBuffer: number
  /** It has caught up once: from then on it has to keep up. */
  #isLive = false
  #hasAnswered = true
  #onDrain = () => {}
  #onStop = () => {}
  /** It has been sent everything up to this seq. */
  position = 0
  /** Resolves when the connection has gone. */
  readonly closed: Promise<void>

  constructor(ports: { ws: WebSocket; socket: Socket; fanOut: FanOut; maxBuffer: number }) {
    const { ws, socket, fanOut, maxBuffer } = ports
    this.#ws = ws
    this.#socket = socket
    this.#fanOut = fanOut
    this.#maxBuffer = maxBuffer
    socket.on('drain', () => this.#onDrain())
    ws.on('pong', () => {
      this.#hasAnswered = true
    })
    this.closed = new Promise((resolve) => ws.on('close', () => resolve()))
    ws.on('close', () => this.#onStop())
    // What is wrong with a connection ends it, which `close` tells; there is nobody else to tell.
    ws.on('error', () => {})
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  /** Sends messages of this subscriber's own; resolves when they have left, or the connection has gone. */
  async send(messages: readonly Uint8Array[]): Promise<void> {
    this.#write(frameMessages(messages).bytes)
    if (!this.isOpen || !this.#socket.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve
      this.#onStop = resolve
    })
  }

  /**
   * Sends what the ring has and what comes to it, without an end. Resolves where the ring no longer reaches back to
   * this subscriber's place, or the connection has gone.
   */
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

  /** Sends from the ring as much as the connection takes. */
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

  /** An error frame, and the end. */
  fail(error: string, message: string, code = POLICY_VIOLATION): void {
    this.#write(frameMessages([errorFrame(error, message)]).bytes)
    this.end(code, error)
  }

  end(code: number, reason: string): void {
    this.#ws.close(code, reason)
    this.#onStop()
  }

  /** Asks for a sign of life. A peer that gave none since it was last asked is dead. */
  ping(): void {
    if (this.#hasAnswered) this.#ws.ping()
    else this.#ws.terminate()
    this.#hasAnswered = false
  }

  /** Ends the connection without a word. */
  terminate(): void {
    this.#ws.terminate()
  }

  /** Past `ws`, which would frame each message for each peer anew. Whole frames only, so its own fit in between. */
  #write(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.write(bytes)
  }
}
