/**
 * Bounds the accounts that are awake in this process, by number and by memory: those least recently used are put to sleep.
 * So are those that the server has woken, to provision themselves or to deliver events, and that have not been called since.
 * An account with work in flight is left alone, so more are awake while more than the bound are called at once.
 */
import { getHeapStatistics } from 'node:v8'
import type { LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 1_000
/** Falling asleep is some 20 transactions of the engine, and many at once end much later than one after another. */
const AT_ONCE = 8
/** An account that has not slept after this time has got work, or RivetKit did not announce its end. */
const GIVE_UP_MS = 10_000
/** An account that was called a moment ago is likely to be called again, and one that just woke will be. */
const MIN_IDLE_MS = 300
/** Long enough for the first call after createAccount. */
const UNCALLED_MS = 10_000
/** Of the heap that Node allows itself, garbage included. Beyond it a collection stops the process ever longer. */
const MAX_HEAP_SHARE = 0.75
/** Awake accounts are not what fills the memory if there are so few. */
const MIN_AWAKE = 16

export interface AwakeLimitPorts {
  live: Pick<LiveActors, 'list' | 'onAdded' | 'putToSleep'>
  maxAwakeAccounts: number
  timer: Timer
  log: Pick<Log, 'warn'>
  /** The part of the heap that is used, 0 to 1. */
  heapShare?: () => number
  /** In ms. */
  now?: () => number
}

export class AwakeLimit {
  readonly #ports: AwakeLimitPorts
  readonly #now: () => number
  readonly #heapShare: () => number
  /** Accounts that were asked to sleep, and when. */
  readonly #asked = new Map<LiveActor, number>()
  #isShort = false
  #stopTask = () => {}

  constructor(ports: AwakeLimitPorts) {
    this.#ports = ports
    this.#now = ports.now ?? (() => performance.now())
    this.#heapShare = ports.heapShare ?? heapShare
  }

  /** The function it returns ends it. */
  start(): () => void {
    const { live, timer } = this.#ports
    live.onAdded = (name) => {
      if (name === 'account') this.#enforce()
    }
    this.#stopTask = startPeriodicTask(timer, async () => {
      this.#enforce()
      return INTERVAL_MS
    })
    return () => {
      live.onAdded = () => {}
      this.#stopTask()
    }
  }

  #measure(): void {
    const share = this.#heapShare()
    const isShort = share > MAX_HEAP_SHARE
    if (isShort && !this.#isShort) {
      const awake = this.#ports.live.list('account').length
      this.#ports.log.warn(
        { heapShare: share, awake },
        'memory is short: accounts least recently used are put to sleep',
      )
    }
    this.#isShort = isShort
  }

  #enforce(): void {
    this.#measure()
    const awake = this.#ports.live.list('account')
    this.#forget(new Set(awake))
    for (const actor of this.#uncalled(awake)) this.#ask(actor)
    const staying = awake.length - this.#asked.size
    const surplus = staying - this.#ports.maxAwakeAccounts
    const forMemory = this.#isShort ? staying - MIN_AWAKE : 0
    const count = Math.min(Math.max(surplus, forMemory), AT_ONCE - this.#asked.size)
    if (count <= 0) return
    for (const actor of this.#leastLatelyUsed(awake).slice(0, count)) {
      if (this.#ask(actor)) this.#ports.live.putToSleep++
    }
  }

  #forget(awake: ReadonlySet<LiveActor>): void {
    for (const [actor, at] of this.#asked) {
      if (!awake.has(actor) || this.#now() - at > GIVE_UP_MS) this.#asked.delete(actor)
    }
  }

  #leastLatelyUsed(awake: readonly LiveActor[]): LiveActor[] {
    const latest = this.#now() - MIN_IDLE_MS
    return awake
      .map((actor) => ({
        actor,
        since: actor.sleepControl?.idleSince() ?? Number.POSITIVE_INFINITY,
      }))
      .filter(({ actor, since }) => since <= latest && !this.#asked.has(actor))
      .toSorted((a, b) => a.since - b.since)
      .map(({ actor }) => actor)
  }

  #uncalled(awake: readonly LiveActor[]): LiveActor[] {
    const latest = this.#now() - UNCALLED_MS
    return awake
      .filter((actor) => {
        const since = actor.wasCalled ? undefined : actor.sleepControl?.idleSince()
        return since !== undefined && since <= latest && !this.#asked.has(actor)
      })
      .slice(0, AT_ONCE - this.#asked.size)
  }

  /** Asks it to sleep; false if it is ending already. */
  #ask(actor: LiveActor): boolean {
    this.#asked.set(actor, this.#now())
    try {
      actor.sleepControl?.sleep()
      return true
    } catch {
      return false
    }
  }
}

function heapShare(): number {
  const { used_heap_size, external_memory, heap_size_limit } = getHeapStatistics()
  return (used_heap_size + external_memory) / heap_size_limit
}
