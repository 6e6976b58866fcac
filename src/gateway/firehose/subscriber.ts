/** One firehose connection: its position in the log, and its back-pressure. */
import type { FanOut } from '#src/gateway/firehose/fan-out.ts'
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'
import {
  POLICY_VIOLATION,
  StreamConnection,
  type StreamConnectionPorts,
} from '#src/gateway/http/stream-connection.ts'
import { errorFrame } from '#src/protocol/frames.ts'

export interface SubscriberPorts extends Omit<StreamConnectionPorts, 'onStalled'> {
  fanOut: FanOut
  maxBuffer: number
}

export class Subscriber {
  readonly #connection: StreamConnection
  readonly #fanOut: FanOut
  readonly #maxBuffer: number
  /** True once it has caught up; only then does `maxBuffer` apply. */
  #isLive = false
  position = 0

  constructor(ports: SubscriberPorts) {
    this.#fanOut = ports.fanOut
    this.#maxBuffer = ports.maxBuffer
    this.#connection = new StreamConnection({ ...ports, onStalled: () => this.tooSlow() })
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  /** Sends messages that are not in the ring; resolves when they have drained, or the connection has closed. */
  send(messages: readonly Uint8Array[]): Promise<void> {
    return this.#connection.send(frameMessages(messages).bytes)
  }

  /** Sends frames from the ring until the ring no longer covers the position, or the connection has closed. */
  async stream(): Promise<void> {
    if (!this.isOpen) return
    await new Promise<void>((resolve) => {
      this.#connection.onDrain = () => this.pump()
      this.#connection.onStop = resolve
      this.#fanOut.join(this)
      this.pump()
    })
    this.#fanOut.leave(this)
  }

  pump(): void {
    const { ring } = this.#fanOut
    while (this.isOpen && this.#connection.hasRoom) {
      if (!ring.covers(this.position)) {
        this.#connection.onStop()
        return
      }
      const next = ring.after(this.position)
      if (next === undefined) {
        this.#isLive = true
        return
      }
      this.#connection.write(next.bytes)
      this.position = next.last
    }
    if (this.#isLive && ring.countAfter(this.position) > this.#maxBuffer) this.tooSlow()
  }

  tooSlow(): void {
    this.fail('ConsumerTooSlow', 'Stream consumer too slow')
  }

  fail(error: string, message: string, code = POLICY_VIOLATION): void {
    this.#connection.write(frameMessages([errorFrame(error, message)]).bytes)
    this.end(code, error)
  }

  end(code: number, reason: string): void {
    this.#connection.end(code, reason)
  }

  check(now: number): void {
    this.#connection.check(now)
  }

  terminate(): void {
    this.#connection.terminate()
  }
}
