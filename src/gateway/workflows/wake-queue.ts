/** Wakes new accounts, a few at a time, so that they provision themselves soon after createAccount has answered. */
import { restAfter } from '#src/ports/pause.ts'

/** Provisioning costs about as much as all that createAccount waits for, and must not slow other creations down. */
const MAX_CONCURRENT = 2

/** For accounts that are created by the thousand: three quarters of the time are left to other calls. */
const inBulk = { concurrent: 1, maxWaiting: 100, rest: { times: 3, maxMs: 1_000 } }

interface WakePace {
  concurrent: number
  /** More are left to their reminders. */
  maxWaiting: number
  /** After each wake; none if absent. */
  rest?: { times: number; maxMs: number }
}

export class WakeQueue {
  readonly #wake: (did: string) => Promise<void>
  readonly #pace: WakePace
  #waiting: string[] = []
  readonly #running = new Set<Promise<void>>()
  #holds = 0
  #closed = false

  /** If `wake` fails, the account wakes with its next call or reminder. */
  constructor(
    wake: (did: string) => Promise<void>,
    pace: WakePace = { concurrent: MAX_CONCURRENT, maxWaiting: Number.POSITIVE_INFINITY },
  ) {
    this.#wake = wake
    this.#pace = pace
  }

  static inBulk(wake: (did: string) => Promise<void>): WakeQueue {
    return new WakeQueue(wake, inBulk)
  }

  add(did: string): void {
    if (this.#closed || this.#waiting.length >= this.#pace.maxWaiting) return
    this.#waiting.push(did)
    this.#startNext()
  }

  /** Begins no wake until the function that it returns is called, once. */
  hold(): () => void {
    this.#holds++
    return () => {
      this.#holds--
      for (let free = this.#pace.concurrent; free > 0; free--) this.#startNext()
    }
  }

  /** Starts no more; the accounts that are still queued get a reminder later. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting = []
    await Promise.all(this.#running)
  }

  #startNext(): void {
    const isFree = this.#holds === 0 && this.#running.size < this.#pace.concurrent
    if (!isFree || this.#waiting.length === 0) return
    const running = this.#run().finally(() => {
      this.#running.delete(running)
      // One may have come, or a hold may have ended, after it had looked.
      this.#startNext()
    })
    this.#running.add(running)
  }

  async #run(): Promise<void> {
    while (this.#holds === 0) {
      const did = this.#waiting.shift()
      if (did === undefined) return
      const began = performance.now()
      await this.#wake(did).catch(() => {})
      const { rest } = this.#pace
      if (rest !== undefined && !this.#closed) await restAfter(began, rest)
    }
  }
}
