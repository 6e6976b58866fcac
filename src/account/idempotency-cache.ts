/** The idempotency keys that calls to this process carried; outlives the activations of its accounts. */
import { XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

// Repetitions follow within seconds; this is long after the last of them.
const KEEP_MS = 120_000
const MAX_SLEEPING_ACCOUNTS = 50_000

export class IdempotencyCache {
  readonly #used = new Map<string, { at: number; answer: Promise<unknown> }>()
  readonly #failed = new Map<string, number>()
  readonly #revAtSleep = new BoundedMap<string, string>(MAX_SLEEPING_ACCOUNTS)

  answerFor(key: IdempotencyKey): Promise<unknown> | undefined {
    return this.#used.get(key.id)?.answer
  }

  hasFailed(key: IdempotencyKey): boolean {
    return this.#failed.has(key.id)
  }

  add(key: IdempotencyKey, answer: Promise<unknown>, now: number): void {
    for (const [id, { at }] of this.#used) {
      if (at > now - KEEP_MS) break
      this.#used.delete(id)
    }
    for (const [id, at] of this.#failed) {
      if (at > now - KEEP_MS) break
      this.#failed.delete(id)
    }
    this.#used.set(key.id, { at: now, answer })
    answer.catch((error) => {
      this.#used.delete(key.id)
      // A refusal is decided before anything is written; any other error may have come after the commit.
      if (!(error instanceof XrpcError)) this.#failed.set(key.id, now)
    })
  }

  revAtSleep(did: string): string | undefined {
    return this.#revAtSleep.get(did)
  }

  noteSleep(did: string, rev: string): void {
    this.#revAtSleep.set(did, rev)
  }
}
