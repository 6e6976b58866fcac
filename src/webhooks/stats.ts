/** Metrics of the webhooks of a process: attempts by how they ended, and deliveries that wait. */
import type { Clock } from '#src/ports/clock.ts'

export type AttemptEnd = 'delivered' | 'failed' | 'given up'

/** Of the webhooks of one owner whose actor is awake in this process. */
export interface WaitingDeliveries {
  waiting(): number
  /** When the oldest undelivered event happened, for endpoints that are enabled. */
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

  /** Returns a function that removes them. */
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
