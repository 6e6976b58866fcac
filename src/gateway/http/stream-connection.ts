/** A WebSocket that events are streamed to: what waits to be sent is bounded, and whether its peer still reads is checked. */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { WriteProgress } from '#src/gateway/http/write-progress.ts'

/** Beyond this many unsent bytes per connection, events wait where all subscribers read them. */
const MAX_QUEUED_BYTES = 256 * 1024

const PING_INTERVAL_MS = 30_000
/** A ping waits behind what the system has queued, up to some MB: a slow reader needs minutes for that. */
const PONG_TIMEOUT_MS = 180_000
/** How long a peer that has stalled may take to read on, up to the close frame. */
const END_TIMEOUT_MS = 30_000

/** WebSocket close codes (RFC 6455 section 7.4.1). */
export const GOING_AWAY = 1001
export const INVALID_PAYLOAD = 1007
export const POLICY_VIOLATION = 1008
export const INTERNAL_ERROR = 1011

export interface StreamConnectionPorts {
  ws: WebSocket
  socket: Socket
  /** A peer that takes nothing of what is sent to it for this long is disconnected. */
  stallTimeoutMs: number
  /** The peer has stalled: the connection should be ended. */
  onStalled(): void
}

export class StreamConnection {
  readonly #ports: StreamConnectionPorts
  readonly #progress: WriteProgress
  #lastPingAt = Number.NEGATIVE_INFINITY
  /** The payload of the ping that has not been answered; unknown to a peer that has not read it. */
  #pingPayload: Buffer | undefined
  #endedAt: number | undefined
  /** Called when what was queued has been sent. */
  onDrain = () => {}
  /** Called when the connection is being closed, and when it is. */
  onStop = () => {}
  readonly closed: Promise<void>

  constructor(ports: StreamConnectionPorts) {
    const { ws, socket } = ports
    this.#ports = ports
    this.#progress = new WriteProgress(socket)
    socket.on('drain', () => this.onDrain())
    ws.on('pong', (payload: Buffer) => {
      if (this.#pingPayload?.equals(payload)) this.#pingPayload = undefined
    })
    this.closed = new Promise((resolve) => ws.on('close', () => resolve()))
    ws.on('close', () => this.onStop())
    // Keep an error listener: an unhandled 'error' event would crash the process. `close` follows it.
    ws.on('error', () => {})
  }

  get isOpen(): boolean {
    const { ws } = this.#ports
    return ws.readyState === ws.OPEN
  }

  get hasRoom(): boolean {
    return this.#ports.socket.writableLength < MAX_QUEUED_BYTES
  }

  /** Bypasses `ws`, which would frame each message per peer. Takes whole frames, so frames of `ws` fit between. */
  write(frames: Uint8Array): void {
    if (this.isOpen) this.#ports.socket.write(frames)
  }

  /** As `write`; resolves when it has been sent, or the connection is closed. */
  async send(frames: Uint8Array): Promise<void> {
    this.write(frames)
    if (!this.isOpen || !this.#ports.socket.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      this.onDrain = resolve
      this.onStop = resolve
    })
  }

  /** The close frame is sent after what is queued, for which the peer may take its time as long as it reads. */
  end(code: number, reason: string): void {
    this.#ports.ws.close(code, reason)
    this.onStop()
  }

  terminate(): void {
    this.#ports.ws.terminate()
  }

  /**
   * To be called every few seconds; `now` in ms. Disconnects a peer that takes nothing, and one that answers no ping.
   * One that takes what is queued is alive, and is not pinged: the ping would be the last in the queue.
   */
  check(now: number): void {
    if (this.#progress.check(now)) this.#pingPayload = undefined
    const isStalled = this.#progress.stalledMs(now) >= this.#ports.stallTimeoutMs
    if (!this.isOpen) {
      this.#endedAt ??= now
      if (isStalled && now - this.#endedAt >= END_TIMEOUT_MS) this.terminate()
    } else if (isStalled) this.#ports.onStalled()
    else if (this.#ports.socket.writableLength === 0) this.#ping(now)
  }

  #ping(now: number): void {
    if (this.#pingPayload !== undefined) {
      if (now - this.#lastPingAt >= PONG_TIMEOUT_MS) this.end(POLICY_VIOLATION, 'NoPong')
    } else if (now - this.#lastPingAt >= PING_INTERVAL_MS) {
      this.#lastPingAt = now
      this.#pingPayload = randomBytes(8)
      this.#ports.ws.ping(this.#pingPayload)
    }
  }
}
