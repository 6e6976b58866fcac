/**
 * Of all activations of an actor in this process, only the newest writes to its database. The engine may start an actor
 * a second time while the first activation runs, for example after the engine itself was killed. It refuses writes that
 * build on an outdated version of the database; but a database that was empty when it was opened has no version, so two
 * activations of a new actor could both write, one over the other.
 */
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

/** RivetKit does not announce the end of every activation, so the last of each actor stays. */
const MAX_ACTIVATIONS = 20_000
/** The engine's client gives a write up after 30 s; if one never ends, the actor must be able to wake nevertheless. */
const MAX_WRITE_MS = 60_000

export class Activation {
  /** False as soon as a later activation has begun. */
  isNewest = true
  /** Resolves with whether RivetKit may have read the database before an earlier activation wrote to it. */
  readonly mayBeOutdated: Promise<boolean>
  /** Resolves when a later activation has begun, and what this one was writing has ended. RivetKit may not tell. */
  readonly superseded: Promise<void>
  readonly #setSuperseded: () => void
  readonly #timer: Timer
  #hasEarlierEnded = false
  #hasWritten = false
  readonly #writes = new Set<Promise<unknown>>()

  constructor(earlier: Activation | undefined, timer: Timer) {
    this.#timer = timer
    const { promise, resolve } = Promise.withResolvers<void>()
    this.superseded = promise
    this.#setSuperseded = resolve
    const hasEarlierWritten = earlier?.end() ?? Promise.resolve(false)
    this.mayBeOutdated = hasEarlierWritten.finally(() => {
      this.#hasEarlierEnded = true
    })
  }

  /** Runs a transaction. Throws if a later activation has begun. */
  async write<T>(transaction: () => Promise<T>): Promise<T> {
    // The words of RivetKit for an activation that has ended.
    if (!this.isNewest) throw new Error('Database is closed: a later activation has begun')
    this.#hasWritten = true
    const write = transaction()
    this.#writes.add(write)
    try {
      return await write
    } finally {
      this.#writes.delete(write)
    }
  }

  /**
   * Refuses further writes. Resolves when those in flight have ended, also those of earlier activations, or after a
   * minute, with whether there were any since the start.
   */
  async end(): Promise<boolean> {
    this.isNewest = false
    const { promise: isTooLate, resolve } = Promise.withResolvers<void>()
    const cancel = this.#timer(MAX_WRITE_MS, resolve)
    await Promise.race([Promise.allSettled(this.#writes), isTooLate])
    cancel()
    this.#setSuperseded()
    const hasEarlierWritten = !this.#hasEarlierEnded && (await this.mayBeOutdated)
    return hasEarlierWritten || this.#hasWritten
  }
}

export class Activations {
  readonly #running = new BoundedMap<string, Activation>(MAX_ACTIVATIONS)
  readonly #timer: Timer

  constructor(timer: Timer = systemTimer) {
    this.#timer = timer
  }

  /** Ends the earlier activation of the actor, if it has not ended. */
  begin(actorId: string): Activation {
    const activation = new Activation(this.#running.get(actorId), this.#timer)
    this.#running.set(actorId, activation)
    return activation
  }

  /** Call when an activation has ended. */
  delete(actorId: string, activation: Activation): void {
    if (this.#running.get(actorId) === activation) this.#running.delete(actorId)
  }
}
