/** Reads the messages of a client as fast as it takes what is sent to it, so that what waits to be sent is bounded. */

/** What is read from, such as a WebSocket. It may give some more messages after `pause`, of those that it has received. */
interface Source {
  pause(): void
  resume(): void
}

export interface ClientReaderPorts {
  source: Source
  /** Whether more can be sent. */
  hasRoom(): boolean
  /** Must not reject. */
  answer(text: string): Promise<void>
}

/** Answers one message after the other, each when there is room for the answer; the next ones wait in the socket. */
export class ClientReader {
  readonly #ports: ClientReaderPorts
  #waiting: string[] = []
  #isAnswering = false
  #isStopped = false

  constructor(ports: ClientReaderPorts) {
    this.#ports = ports
  }

  add(text: string): void {
    if (this.#isStopped) return
    this.#ports.source.pause()
    this.#waiting.push(text)
    void this.#answerAll()
  }

  /** There is room. */
  onDrain(): void {
    void this.#answerAll()
  }

  /** Nothing more is answered. The source is read on, because its end can only be seen by that. */
  stop(): void {
    this.#isStopped = true
    this.#waiting = []
    this.#ports.source.resume()
  }

  async #answerAll(): Promise<void> {
    const { source, hasRoom, answer } = this.#ports
    if (this.#isAnswering) return
    this.#isAnswering = true
    while (this.#waiting.length > 0 && hasRoom()) await answer(this.#waiting.shift()!)
    this.#isAnswering = false
    if (this.#waiting.length === 0 && hasRoom()) source.resume()
  }
}
