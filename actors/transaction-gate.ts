/**
 * When transactions of accounts may go to the engine, and when the sequencer's. The engine is busy with a few; more of
 * them only wait there, and with them everybody's events. So they take turns:
 *
 * 1. Accounts: a few transactions at once, and some more while nobody listens to the firehose. What waits here still
 *    gathers further writes of its account.
 * 2. The sequencer has something to log. No account begins; those under way may end, for a moment at the most, so that
 *    their events go together. With nothing under way, it does not wait.
 * 3. It logs. An account that waits alone may go beside it; several would only slow down what all of them wait for.
 * 4. Subscribers are sent what was logged. Then it is the accounts' turn again.
 *
 * Nobody else is held up here: the directory, for one, all accounts wait for.
 */
import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

/** How long the sequencer waits for transactions of accounts. */
const LONGEST_DRAIN_MS = 3
/** How long accounts wait for the sequencer: its trouble is not theirs. */
const LONGEST_LOGGING_MS = 100
/** Followers ask again after 20 s at the latest, and say then whether they have listeners. */
const HEARD_MS = 25_000

export class TransactionGate {
  readonly #few: number
  readonly #many: number
  readonly #timer: Timer
  readonly #now: () => number
  #phase: 'accounts' | 'draining' | 'logging' = 'accounts'
  #running = 0
  #waiting: (() => void)[] = []
  #onDrained = () => {}
  #heardUntil = Number.NEGATIVE_INFINITY

  constructor(options: {
    /** How many transactions of accounts there may be at once while somebody listens. */
    few: number
    /** The same while nobody does. */
    many: number
    timer?: Timer
    /** Milliseconds since whenever. */
    now?: () => number
  }) {
    this.#few = options.few
    this.#many = options.many
    this.#timer = options.timer ?? systemTimer
    this.#now = options.now ?? (() => performance.now())
  }

  /** Somebody listens to the firehose, for a while at least. */
  heard(): void {
    this.#heardUntil = this.#now() + HEARD_MS
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

  /** Runs what the sequencer has to do when the accounts have made room. One at a time: the sequencer has one writer. */
  async sequencer<T>(work: () => Promise<T>): Promise<T> {
    await this.#drain()
    this.#enter('logging')
    const callOff = this.#timer(LONGEST_LOGGING_MS, () => this.#enter('accounts'))
    try {
      return await work()
    } finally {
      callOff()
      await nextTurn()
      this.#enter('accounts')
    }
  }

  async #drain(): Promise<void> {
    this.#phase = 'draining'
    if (this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const callOff = this.#timer(LONGEST_DRAIN_MS, resolve)
      this.#onDrained = resolve
      await promise
      callOff()
      this.#onDrained = () => {}
    }
    // Those that have just ended have yet to hand their events over.
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

  /** Whether one of so many who wish to begin may. */
  #hasRoom(wishing: number): boolean {
    if (this.#phase === 'logging') return this.#running === 0 && wishing === 1
    const most = this.#now() < this.#heardUntil ? this.#few : this.#many
    return this.#phase === 'accounts' && this.#running < most
  }
}

const cores = availableParallelism()

/** The gate of this process. */
export const transactionGate = new TransactionGate({ few: 2 * cores, many: 4 * cores })
