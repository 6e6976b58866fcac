/**
 * Which processes with actors are running: each lists its reminders every 20 s, which notes it here. In memory only, so
 * that an idle server writes nothing; a directory that has just woken gives every process the time to do so.
 */
import type { Clock } from '#src/ports/clock.ts'

/** A little more than three times the interval: one call may be late, and the directory itself may move under another. */
const SILENT_MS = 70_000

export class RunningProcesses {
  readonly #clock: Clock
  readonly #since: number
  readonly #seenAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
  }

  note(process: string): void {
    this.#seenAt.set(process, this.#clock.now())
  }

  /** The processes that may be running; undefined if that may be any, since this directory has just woken. */
  list(): string[] | undefined {
    if (this.#isRecent(this.#since)) return undefined
    for (const [process, at] of this.#seenAt) {
      if (!this.#isRecent(at)) this.#seenAt.delete(process)
    }
    return [...this.#seenAt.keys()]
  }

  // A time in the future was noted before the clock was set back.
  #isRecent(at: number): boolean {
    return Math.abs(this.#clock.now() - at) <= SILENT_MS
  }
}
