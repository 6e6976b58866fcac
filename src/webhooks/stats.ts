/** What metrics say of the webhooks of a process: attempts by how they ended, and what waits. */

import type { Clock } from '#src/ports/clock.ts'

export type AttemptEnd = 'delivered' | 'failed' | 'given up'

/** The webhooks of one owner that are awake here. */
export interface WaitingDeliveries {
  waiting(): number
  /** When the oldest event happened that is not delivered; without those of endpoints that are disabled. */
  oldestAt(): number | undefined
  disabled(): number
}

export class WebhookStats {
  readonly attempts = new Map<AttemptEnd, number>()
  readonly #owners = new Set<WaitingDeliveries>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  count(end: AttemptEnd): void {
    this.attempts.set(end, (this.attempts.get(end) ?? 0) + 1)
  }

  /** The function that it returns ends it. */
  add(owner: WaitingDeliveries): () => void {
    this.#owners.add(owner)
    return () => void this.#owners.delete(owner)
  }

  now(): { waiting: number; oldestAgeMs: number; disabled: number } {
    let [waiting, disabled] = [0, 0]
    const now = this.#clock.now()
    let oldestAt = now
    for (const owner of this.#owners) {
      waiting += owner.waiting()
      disabled += owner.disabled()
      const at = owner.oldestAt()
      if (at !== undefined) oldestAt = Math.min(oldestAt, at)
    }
    return { waiting, oldestAgeMs: now - oldestAt, disabled }
  }
}
