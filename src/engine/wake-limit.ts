/**
 * Limits how many sleeping accounts wake at once because unauthenticated or foreign callers read them. A wake costs the
 * engine some thirty transactions, so owners would wait behind hundreds of them.
 *
 * 1. A call for the account itself, for the admin or by the server is not limited.
 * 2. A call for anyone else waits until fewer than `max` accounts are waking, for any caller; if only owners' are,
 *    one more begins. Callers take turns.
 * 3. If too many wait, it is refused with 503.
 *
 * Only calls through the engine come here. An account that has answered one lately is awake in another process; those
 * calls are not limited either.
 */
import type { Outcome } from '#src/engine/remote-call.ts'
import { unavailable } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { FairQueue } from '#src/ports/fair-queue.ts'

export interface WakeBounds {
  /** How many wake at once. */
  max: number
  /** How many calls wait, in all and of one caller. */
  maxWaiting: number
  maxWaitingPerCaller: number
}

/** Less than the shortest time after which an account may sleep in practice. */
const AWAKE_MS = 10_000
const MAX_AWAKE = 10_000

export class WakeLimit {
  readonly #max: number
  readonly #waiting: FairQueue<() => void>
  readonly #now: () => number
  readonly #awake: BoundedMap<string, number>
  #owners = 0
  #others = 0

  /** `now` is a monotonic clock, in ms. */
  constructor(bounds: WakeBounds, now = () => performance.now()) {
    const { max, maxWaiting, maxWaitingPerCaller: maxPerKey } = bounds
    this.#max = max
    this.#waiting = new FairQueue({ max: maxWaiting, maxPerKey })
    this.#now = now
    this.#awake = new BoundedMap(MAX_AWAKE)
  }

  /** Makes a call of an account. `caller` is who it is for; undefined if it is not limited. Throws 503. */
  async run(
    did: string,
    caller: string | undefined,
    call: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (this.isAwake(did)) return call()
    if (caller !== undefined) await this.#turn(caller)
    else this.#owners++
    try {
      const outcome = await call()
      const hasAnswered = 'answer' in outcome || !outcome.again
      if (hasAnswered) this.#awake.set(did, this.#now())
      return outcome
    } finally {
      if (caller === undefined) this.#owners--
      else this.#others--
      this.#next()
    }
  }

  /** Whether the account has answered through the engine lately. */
  isAwake(did: string): boolean {
    const at = this.#awake.get(did)
    return at !== undefined && this.#now() - at < AWAKE_MS
  }

  async #turn(caller: string): Promise<void> {
    const turn = new Promise<void>((resolve) => {
      if (!this.#waiting.push(caller, resolve)) {
        throw unavailable('Too many accounts are waking up, please try again')
      }
    })
    this.#next()
    await turn
  }

  #next(): void {
    while (this.#others === 0 || this.#owners + this.#others < this.#max) {
      const begin = this.#waiting.shift()
      if (begin === undefined) return
      this.#others++
      begin()
    }
  }
}
