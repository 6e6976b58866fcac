/**
 * When transactions of accounts may go to the engine, and when the sequencer's. The engine is busy with a few; more of
 * them only wait there, and with them everybody's events. While somebody listens to the firehose, they take turns:
 *
 * 1. Accounts: a few transactions at once. What waits here still gathers further writes of its account.
 * 2. The sequencer has something to log. No account begins; those under way may end, for a moment at the most, so that
 *    their events go together. With nothing under way, it does not wait.
 * 3. It logs. An account that waits alone may go beside it; several would only slow down what all of them wait for.
 * 4. Subscribers are sent what was logged. Then it is the accounts' turn again.
 *
 * While nobody listens there is no hurry: some more accounts at once, one of them beside the sequencer, and events
 * gather a little longer. Nobody else is held up here: the directory, for one, all accounts wait for.
 */
import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

/** How long the sequencer waits for accounts to end what they have begun. */
const MAX_DRAIN_MS = 3
/** How long events gather while nobody listens. */
const UNSUBSCRIBED_GATHER_MS = 10
/** How long accounts wait for the sequencer: its trouble is not theirs. */
const MAX_LOGGING_MS = 100
/** A follower asks again within this time. */
const SUBSCRIBED_GRACE_MS = 1_000

export class TransactionGate {
  readonly #few: number
  readonly #many: number
  readonly #timer: Timer
  readonly #now: () => number
  #phase: 'accounts' | 'draining' | 'logging' = 'accounts'
  #running = 0
  #waiting: (() => void)[] = []
  #onDrained = () => {}
  #listening = 0
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

  /** Somebody listens to the firehose, until the function it returns is called and a moment longer. */
  holdSubscribed(): () => void {
    this.#listening++
    return () => {
      this.#listening--
      this.#heardUntil = this.#now() + SUBSCRIBED_GRACE_MS
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

  /** Runs what the sequencer has to do when it is its turn. One at a time: the sequencer has one writer. */
  async sequencer<T>(work: () => Promise<T>): Promise<T> {
    await this.#gather()
    this.#enter('logging')
    const callOff = this.#timer(MAX_LOGGING_MS, () => this.#enter('accounts'))
    try {
      return await work()
    } finally {
      callOff()
      await nextTurn()
      this.#enter('accounts')
    }
  }

  async #gather(): Promise<void> {
    const isHeard = this.#isHeard
    if (isHeard) this.#phase = 'draining'
    if (!isHeard || this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const callOff = this.#timer(isHeard ? MAX_DRAIN_MS : UNSUBSCRIBED_GATHER_MS, resolve)
      if (isHeard) this.#onDrained = resolve
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

  get #isHeard(): boolean {
    return this.#listening > 0 || this.#now() < this.#heardUntil
  }

  /** Whether one of so many who wish to begin may. */
  #hasRoom(wishing: number): boolean {
    switch (this.#phase) {
      case 'accounts':
        return this.#running < (this.#isHeard ? this.#few : this.#many)
      case 'draining':
        return false
      case 'logging':
        return this.#running === 0 && (wishing === 1 || !this.#isHeard)
    }
  }
}

const cores = availableParallelism()

/** The gate of this process. */
export const transactionGate = new TransactionGate({
  few: Math.ceil(1.5 * cores),
  many: 2 * cores,
})
