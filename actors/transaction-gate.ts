/**
 * When transactions of accounts may go to the engine, and when the sequencer's. A few keep the engine busy; more only
 * queue there, and delay events. While the firehose has subscribers, accounts and the sequencer take turns:
 *
 * 1. Accounts run a few transactions at once. While a transaction waits here, it collects further writes of its account.
 * 2. The sequencer has events to log. No account begins; running transactions may end, for 3 ms, so that their events
 *    are logged together. If none is running, the sequencer does not wait.
 * 3. The sequencer logs. A single waiting account may run beside it; several would delay the logging, which all of them wait for.
 * 4. Frames are sent to subscribers. Then it is the accounts' turn again.
 *
 * Without subscribers, more accounts run at once, one of them beside the sequencer, and events gather for longer. The
 * directory and the authorization shards are not gated: all accounts wait for the directory.
 */
import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

/** How long the sequencer waits for running transactions of accounts. */
const MAX_DRAIN_MS = 3
/** How long events gather without subscribers. */
const UNSUBSCRIBED_GATHER_MS = 10
/** How long accounts wait for the sequencer, which may be slow for its own reasons. */
const MAX_LOGGING_MS = 100
/** A gateway that follows the log asks again within this time. */
const SUBSCRIBED_GRACE_MS = 1_000

export class TransactionGate {
  readonly #subscribedLimit: number
  readonly #unsubscribedLimit: number
  readonly #timer: Timer
  readonly #now: () => number
  #phase: 'accounts' | 'draining' | 'logging' = 'accounts'
  #running = 0
  #waiting: (() => void)[] = []
  #onDrained = () => {}
  #subscribers = 0
  #subscribedUntil = Number.NEGATIVE_INFINITY

  constructor(options: {
    /** How many transactions of accounts may run at once while the firehose has subscribers. */
    subscribedLimit: number
    /** The same without subscribers. */
    unsubscribedLimit: number
    timer?: Timer
    /** A monotonic clock, in ms. */
    now?: () => number
  }) {
    this.#subscribedLimit = options.subscribedLimit
    this.#unsubscribedLimit = options.unsubscribedLimit
    this.#timer = options.timer ?? systemTimer
    this.#now = options.now ?? (() => performance.now())
  }

  /** The firehose has a subscriber until one second after the returned function is called. */
  holdSubscribed(): () => void {
    this.#subscribers++
    return () => {
      this.#subscribers--
      this.#subscribedUntil = this.#now() + SUBSCRIBED_GRACE_MS
    }
  }

  /** Runs a transaction of an account when it is its turn. */
  async account<T>(transaction: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#hasRoom(1)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    try {
      return await transaction()
    } finally {
      this.#running--
      if (this.#running === 0) this.#onDrained()
      this.#admit()
    }
  }

  /** Runs a transaction of the sequencer when it is its turn. The sequencer has one writer, so there is one at a time. */
  async sequencer<T>(work: () => Promise<T>): Promise<T> {
    await this.#gather()
    this.#enter('logging')
    const cancel = this.#timer(MAX_LOGGING_MS, () => this.#enter('accounts'))
    try {
      return await work()
    } finally {
      cancel()
      await nextTurn()
      this.#enter('accounts')
    }
  }

  async #gather(): Promise<void> {
    const isSubscribed = this.#isSubscribed
    if (isSubscribed) this.#phase = 'draining'
    if (!isSubscribed || this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = this.#timer(isSubscribed ? MAX_DRAIN_MS : UNSUBSCRIBED_GATHER_MS, resolve)
      if (isSubscribed) this.#onDrained = resolve
      await promise
      cancel()
      this.#onDrained = () => {}
    }
    // Transactions that have just ended hand their events over in the next turn of the event loop.
    await nextTurn()
  }

  #enter(phase: 'accounts' | 'logging'): void {
    this.#phase = phase
    this.#admit()
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting.length)) {
      this.#running++
      this.#waiting.shift()!()
    }
  }

  get #isSubscribed(): boolean {
    return this.#subscribers > 0 || this.#now() < this.#subscribedUntil
  }

  /** Whether one of `waiting` waiting transactions may begin. */
  #hasRoom(waiting: number): boolean {
    switch (this.#phase) {
      case 'accounts':
        return (
          this.#running < (this.#isSubscribed ? this.#subscribedLimit : this.#unsubscribedLimit)
        )
      case 'draining':
        return false
      case 'logging':
        return this.#running === 0 && (waiting === 1 || !this.#isSubscribed)
    }
  }
}

const cores = availableParallelism()

/** The gate of this process. */
export const transactionGate = new TransactionGate({
  subscribedLimit: Math.ceil(1.5 * cores),
  unsubscribedLimit: 2 * cores,
})
