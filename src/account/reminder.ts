/**
 * The reminder that the directory keeps while the account may have undelivered events, public or private. Ensured before
 * the first of them is stored after a wake; removed when the account sleeps with nothing left (`closeOutboxes`).
 */
import type { Account } from '#src/account/account.ts'

export class Reminder {
  readonly #request: () => Promise<void>
  #isHeld = false
  #closed = false

  /** `request` has the directory store it; idempotent. */
  constructor(request: () => Promise<void>) {
    this.#request = request
  }

  /** The directory has stored it already. */
  hold(): void {
    this.#isHeld = true
  }

  async ensure(): Promise<void> {
    if (!this.#isHeld) await this.renew()
  }

  /** The reminder may be of another process; then it is of this one. */
  async renew(): Promise<void> {
    const wasClosed = this.#closed
    await this.#request()
    // If it was closed meanwhile, the reminder may have been removed again.
    this.#isHeld = this.#closed === wasClosed
  }

  /** Returns whether it was held. An event after this asks for a new one. */
  close(): boolean {
    const wasHeld = this.#isHeld && !this.#closed
    this.#closed = true
    this.#isHeld = false
    return wasHeld
  }
}

/** Ends the delivery of events. Returns true if none is left and the reminder can be removed. */
export function closeOutboxes({
  outbox,
  privateOutbox,
  membershipMirror,
  reminder,
}: Pick<Account, 'outbox' | 'privateOutbox' | 'membershipMirror' | 'reminder'>): boolean {
  const areIdle = [outbox, privateOutbox, membershipMirror].map((part) => part.close())
  return reminder.close() && areIdle.every((isIdle) => isIdle)
}
