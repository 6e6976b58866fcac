/** The idempotency keys that calls to this process carried; outlives the activations of its accounts. */
import { type FailedTransaction, failedTransactionOf } from '#src/account/failed-transactions.ts'
import { XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

// Repetitions follow within seconds; this is long after the last of them.
const KEEP_MS = 120_000
const MAX_SLEEPING_ACCOUNTS = 50_000
/** Of all answers together, overhead included: 15,000 of createRecord, which take about 40 MB. */
const MAX_CHARACTERS = 20_000_000
/** What an entry costs besides its answer, and an object besides its strings. */
const ENTRY_CHARACTERS = 900
const OBJECT_CHARACTERS = 50

interface Used {
  at: number
  answer: Promise<unknown>
  characters: number
  isSettled: boolean
}

export class IdempotencyCache {
  readonly #used = new Map<string, Used>()
  readonly #failed = new Map<string, { at: number; transaction: FailedTransaction | undefined }>()
  readonly #revAtSleep = new BoundedMap<string, string>(MAX_SLEEPING_ACCOUNTS)
  #characters = 0
  #forgottenUntil = Number.NEGATIVE_INFINITY

  answerFor(key: IdempotencyKey): Promise<unknown> | undefined {
    return this.#used.get(key.id)?.answer
  }

  hasFailed(key: IdempotencyKey): boolean {
    return this.#failed.has(key.id)
  }

  /** The transaction of the write lane with which the last attempt failed, if it came as far as that. */
  failedTransaction(key: IdempotencyKey): FailedTransaction | undefined {
    return this.#failed.get(key.id)?.transaction
  }

  /** Whether this process may have given the key an answer and forgotten it, by clocks that differ by up to `skewMs`. */
  mayHaveForgotten({ issuedAt }: IdempotencyKey, skewMs: number): boolean {
    return issuedAt <= this.#forgottenUntil + skewMs
  }

  add(key: IdempotencyKey, answer: Promise<unknown>, now: number): void {
    for (const [id, { at }] of this.#used) {
      if (at > now - KEEP_MS) break
      this.#delete(id)
    }
    for (const [id, { at }] of this.#failed) {
      if (at > now - KEEP_MS) break
      this.#failed.delete(id)
    }
    const used = { at: now, answer, characters: 0, isSettled: false }
    this.#used.set(key.id, used)
    this.#grow(used, ENTRY_CHARACTERS)
    answer.then(
      (value) => {
        used.isSettled = true
        if (this.#used.get(key.id) === used) this.#grow(used, charactersOf(value))
      },
      (error) => {
        this.#delete(key.id)
        // A refusal is decided before anything is written; any other error may have come after the commit.
        if (error instanceof XrpcError) return
        this.#failed.set(key.id, { at: now, transaction: failedTransactionOf(error) })
      },
    )
  }

  revAtSleep(did: string): string | undefined {
    return this.#revAtSleep.get(did)
  }

  noteSleep(did: string, rev: string): void {
    this.#revAtSleep.set(did, rev)
  }

  /** Forgets the oldest answers if all together are too long. A call that is still running is not forgotten. */
  #grow(used: Used, characters: number): void {
    used.characters += characters
    this.#characters += characters
    for (const [id, { at, isSettled }] of this.#used) {
      if (this.#characters <= MAX_CHARACTERS) break
      if (!isSettled) continue
      this.#delete(id)
      this.#forgottenUntil = Math.max(this.#forgottenUntil, at)
    }
  }

  #delete(id: string): void {
    this.#characters -= this.#used.get(id)?.characters ?? 0
    this.#used.delete(id)
  }
}

function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((sum, part) => sum + charactersOf(part), OBJECT_CHARACTERS)
}
