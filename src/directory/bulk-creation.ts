/**
 * Whether tenants are creating accounts by the hundred right now. A first wake takes as long as some twenty creations, so
 * the reminders of new accounts wait for the end. In memory only: a directory that wakes lists them.
 */
import type { Clock } from '#src/ports/clock.ts'

/** Fewer accounts are woken soon. */
const MIN_ACCOUNTS = 200
/** Without a new account for this long it has ended. */
const PAUSE_MS = 5_000
/** Reminders wait no longer, even if it goes on all day. */
const MAX_MS = 10 * 60_000

export class BulkCreation {
  readonly #clock: Clock
  #since = 0
  #latest = 0
  #accounts = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call it when so many accounts were confirmed. */
  note(accounts: number): void {
    if (!this.#isRecent()) {
      this.#since = this.#clock.now()
      this.#accounts = 0
    }
    this.#latest = this.#clock.now()
    this.#accounts += accounts
  }

  isRunning(): boolean {
    const isLong = Math.abs(this.#clock.now() - this.#since) > MAX_MS
    return this.#accounts >= MIN_ACCOUNTS && this.#isRecent() && !isLong
  }

  // A time in the future was noted before the clock was set back.
  #isRecent(): boolean {
    return Math.abs(this.#clock.now() - this.#latest) <= PAUSE_MS
  }
}
