/** A gateway that has members in channels of a shard: what is under way to it, and whether it waits for more. */
import type { ChannelMessage } from '#src/channels/channels.ts'

interface Queued {
  n: number
  length: number
  message: ChannelMessage
}

const MAX_MESSAGES = 5_000
/** Characters. Beyond it the oldest are dropped: a gateway that does not ask is gone, or very slow. */
const MAX_LENGTH = 2_000_000
const MAX_PAGE = 500
/** What a message has besides its text. */
const OVERHEAD = 200

export class Follower {
  seenAt = 0
  #queue: Queued[] = []
  #length = 0
  #last = 0
  #isClosed = false
  readonly #waiting = new Set<() => void>()

  add(message: ChannelMessage): void {
    const text = message.type === 'ephemeral' ? message.body : (message.state ?? '')
    const length = text.length + OVERHEAD
    this.#last += 1
    this.#queue.push({ n: this.#last, length, message })
    this.#length += length
    while (this.#queue.length > MAX_MESSAGES || this.#length > MAX_LENGTH) this.#drop()
    this.#wake()
  }

  /** Forgets what the gateway has, which it says by `after`. */
  take(after: number): { last: number; messages: ChannelMessage[] } {
    while (this.#queue.length > 0 && this.#queue[0]!.n <= after) this.#drop()
    const page = this.#queue.slice(0, MAX_PAGE)
    return { last: page.at(-1)?.n ?? this.#last, messages: page.map(({ message }) => message) }
  }

  waitPast(after: number, timer: (run: () => void) => () => void): Promise<void> {
    if (this.#isClosed || this.#last > after) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const cancel = timer(wake)
      this.#waiting.add(wake)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  #drop(): void {
    this.#length -= this.#queue.shift()!.length
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
