/**
 * Limits how many sleeping accounts wake at once for callers who are not known to be their owners. A wake costs the
 * engine some thirty transactions, so owners would wait behind hundreds of them.
 *
 * 1. A call for the account itself, for the admin or by the server is not limited.
 * 2. A read for anyone else waits until fewer than `max` accounts are waking, for any caller; if only owners' are,
 *    one more begins. Callers take turns.
 * 3. A call that is to prove who the caller is (a password, a cookie, a mailed code) waits only for others of its kind:
 *    reads do not hold up owners who sign in, and callers with invented credentials wake few accounts.
 * 4. If too many wait, the newest of the largest caller is refused with 503.
 *
 * Only calls through the engine come here. An account that has answered one lately is awake in another process; those
 * calls are not limited either.
 */
import type { Outcome } from '#src/engine/remote-call.ts'
import { unavailable } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { FairQueue, type Waiting } from '#src/ports/fair-queue.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

export type WakeFor = 'read' | 'sign in'

/** Who a call is for, if that is not known to be the account, the admin or the server. */
export interface WakeCaller {
  network: string
  wakeFor: WakeFor
}

export type WakeBounds = Record<WakeFor, WakeBound>

interface WakeBound {
  /** How many wake at once. */
  max: number
  /** How many calls wait, in all and of one caller. */
  maxWaiting: number
  maxWaitingPerCaller: number
}

type Turn = Waiting & { begin(): void }

/** As long as a call is repeated (dispatch.ts). */
const MAX_WAIT_MS = 15_000
/** Less than the shortest time after which an account may sleep in practice. */
const AWAKE_MS = 10_000
const MAX_AWAKE = 10_000

export class WakeLimit {
  readonly #bounds: WakeBounds
  readonly #waiting: Record<WakeFor, FairQueue<Turn>>
  readonly #now: () => number
  readonly #timer: Timer
  readonly #awake: BoundedMap<string, number>
  readonly #waking = { owner: 0, read: 0, 'sign in': 0 }

  /** `now` is a monotonic clock, in ms. */
  constructor(bounds: WakeBounds, now = () => performance.now(), timer: Timer = systemTimer) {
    this.#bounds = bounds
    this.#waiting = { read: queueOf(bounds.read), 'sign in': queueOf(bounds['sign in']) }
    this.#now = now
    this.#timer = timer
    this.#awake = new BoundedMap(MAX_AWAKE)
  }

  /**
   * Makes a call of an account. `caller` is who it is for; undefined if it is not limited. `signal` ends its wait, not the
   * call. Throws 503.
   */
  async run(
    did: string,
    caller: WakeCaller | undefined,
    call: () => Promise<Outcome>,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    if (this.isAwake(did)) return call()
    if (caller !== undefined) await this.#turn(caller, signal)
    else this.#waking.owner++
    try {
      const outcome = await call()
      const hasAnswered = 'answer' in outcome || !outcome.again
      if (hasAnswered) this.#awake.set(did, this.#now())
      return outcome
    } finally {
      this.#waking[caller?.wakeFor ?? 'owner']--
      this.#next()
    }
  }

  /** Whether the account has answered through the engine lately. */
  isAwake(did: string): boolean {
    const at = this.#awake.get(did)
    return at !== undefined && this.#now() - at < AWAKE_MS
  }

  async #turn({ network, wakeFor }: WakeCaller, signal?: AbortSignal): Promise<void> {
    const waiting = this.#waiting[wakeFor]
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const refuse = () => reject(unavailable('Too many accounts are waking up, please try again'))
    const entry = { holder: network, begin: resolve, refuse }
    const giveUp = () => {
      waiting.remove(entry)
      refuse()
    }
    const cancel = this.#timer(MAX_WAIT_MS, giveUp)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      waiting.push(entry)
      this.#next()
      await promise
    } finally {
      cancel()
      signal?.removeEventListener('abort', giveUp)
    }
  }

  #next(): void {
    while (this.#mayBegin('sign in') && this.#begin('sign in'));
    while (this.#mayBegin('read') && this.#begin('read'));
  }

  #mayBegin(wakeFor: WakeFor): boolean {
    const { owner, read, 'sign in': signIns } = this.#waking
    const { max } = this.#bounds[wakeFor]
    if (wakeFor === 'sign in') return signIns < max
    return read === 0 || owner + read + signIns < max
  }

  #begin(wakeFor: WakeFor): boolean {
    const next = this.#waiting[wakeFor].shift()
    if (next === undefined) return false
    this.#waking[wakeFor]++
    next.begin()
    return true
  }
}

function queueOf({ maxWaiting: max, maxWaitingPerCaller }: WakeBound): FairQueue<Turn> {
  return new FairQueue({ max, maxPerHolder: maxWaitingPerCaller })
}
