/**
 * Whether the engine still counts this process as running. A process that was frozen, or whose connection to the engine
 * is cut, does not learn that its actors have moved; so it may answer for them only for a while after a sign that the
 * engine has heard it, which is shorter than the engine waits before it moves them.
 *
 * The sign: the engine notes when it last sent this process a ping, and stops if the connection is closed or silent. If
 * that time has changed from one look to the next, a ping was sent after the earlier look began.
 */
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

/** Shorter than ENVOY_LOST_THRESHOLD (engine-environment.ts). */
const LEASE_MS = 6_000
const INTERVAL_MS = 1_000

export interface Lease {
  /** Whether the engine surely has not moved the actors of this process. */
  isCurrent(): boolean
  /** How often it has not been so. What was current earlier may not be any more, even if the lease is current again. */
  readonly lapses: number
  /** Calls back when it is not current any more, once, unless cancelled by the function that it returns. */
  whenLapsed(run: () => void): () => void
}

/** Of a process that is the only one with actors. */
export const endlessLease: Lease = {
  isCurrent: () => true,
  lapses: 0,
  whenLapsed: () => () => {},
}

interface Ports {
  /** When the engine last sent this process a ping, by any clock; undefined if it does not know the process. */
  lastPing(): Promise<number | undefined>
  timer: Timer
  onLapse?: (forMs: number) => void
  /** A monotonic clock that goes on while the process is frozen, though not while its machine is, in ms. */
  now?: () => number
}

export class EngineLease implements Lease {
  lapses = 0
  readonly #ports: Required<Ports>
  readonly #waiting = new Set<() => void>()
  #cancelEnd = () => {}
  #confirmedAt: number
  #earlier: { ping: number | undefined; lookedAt: number }

  constructor(ports: Ports) {
    this.#ports = { onLapse: () => {}, now: () => performance.now(), ...ports }
    const lookedAt = this.#ports.now()
    this.#earlier = { ping: undefined, lookedAt }
    this.#confirmedAt = lookedAt
    this.#endInTime()
  }

  isCurrent(): boolean {
    return this.#ports.now() - this.#confirmedAt < LEASE_MS
  }

  whenLapsed(run: () => void): () => void {
    this.#waiting.add(run)
    return () => this.#waiting.delete(run)
  }

  /** Asks the engine once. */
  async renew(): Promise<void> {
    const { lastPing, now, onLapse } = this.#ports
    const lookedAt = now()
    const ping = (await lastPing()) ?? this.#earlier.ping
    const earlier = this.#earlier
    this.#earlier = { ping, lookedAt }
    if (ping === undefined || ping === earlier.ping) return
    const silentMs = now() - this.#confirmedAt
    const wasCurrent = this.isCurrent()
    this.#confirmedAt = earlier.lookedAt
    this.#endInTime()
    if (wasCurrent || !this.isCurrent()) return
    this.lapses++
    onLapse(silentMs)
  }

  /** Asks every second, until the function that it returns is called. */
  start(): () => void {
    const stop = startPeriodicTask(this.#ports.timer, async () => {
      await this.renew().catch(() => {}) // It lapses.
      return INTERVAL_MS
    })
    return () => {
      stop()
      this.#cancelEnd()
    }
  }

  /** Looking at the engine may take longer than the lease, so that is not when its end is noticed. */
  #endInTime(): void {
    const { timer, now } = this.#ports
    this.#cancelEnd()
    const restMs = Math.max(0, Math.ceil(this.#confirmedAt + LEASE_MS - now()))
    this.#cancelEnd = timer(restMs, () => {
      if (this.isCurrent()) return this.#endInTime()
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const run of waiting) run()
    })
  }
}
