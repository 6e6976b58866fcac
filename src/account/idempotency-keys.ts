/**
 * Calls that may arrive twice and must take effect once. A call is repeated if its answer is lost: by the engine
 * between two processes, and by the dispatch if an account closes under a call.
 *
 * 1. All repetitions of a call carry the same key. Within one process they get the same answer (`IdempotencyCache`).
 * 2. A key that is older than this activation may have been used by an earlier one in another process:
 *    - Actions declared with `once` write the key and their answer in the transaction that takes effect (`markUsed`),
 *      so the database knows, and a repetition gets that answer. createSession need not: it derives the token's id from
 *      the key.
 *    - Commits to the repo would pay for a row more, so the event that they store anyway has the key and the answer
 *      (`kept-answers.ts`). These rows are kept for a while. If the row in question may be gone, the key was not used
 *      if the former activation ended in this process, or the repo's last commit is older than the key; else the answer
 *      is 503.
 * 3. The same is asked of a key whose transaction failed, because it may have been kept (the rev before and after it says
 *    whether it was), and of one whose answer the process may have forgotten for want of room.
 */
import { noteFailed } from '#src/account/failed-transactions.ts'
import type { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import { findKeptAnswer } from '#src/account/kept-answers.ts'
import type { Lane } from '#src/account/write-lane.ts'
import { unavailable } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { IdempotencyKey, Once } from '#src/rules/actions.ts'

/** Repetitions follow within seconds; this is long after the last of them. */
const KEY_LIFETIME_MS = 120_000
/** How much the clocks of two machines may differ. */
const SKEW_MS = 500

interface IdempotencyPorts {
  did: string
  sql: Sql
  keys: Keychain
  clock: Clock
  lane: Lane
  cache: IdempotencyCache
}

export class IdempotencyKeys {
  readonly #ports: IdempotencyPorts
  readonly #wokeAt: number
  #isFirstActivation = false

  constructor(ports: IdempotencyPorts) {
    this.#ports = ports
    this.#wokeAt = ports.clock.now()
  }

  /** Call when the account was just provisioned: no earlier activation can have used a key. */
  beginFirstActivation(): void {
    this.#isFirstActivation = true
  }

  /** Call before the actor sleeps: if the rev is the same at the next wake, no other process has written since. */
  noteSleep(): void {
    const { did, lane, cache } = this.#ports
    if (lane.cachedHead !== null) cache.noteSleep(did, lane.cachedHead.rev)
  }

  /**
   * Runs an action that passes its key to `markUsed`, or returns the answer that is stored with the key. What an action
   * stores instead of its key is found by `findStored`.
   */
  run<T>(
    key: IdempotencyKey | undefined,
    work: () => Promise<T>,
    findStored?: (key: IdempotencyKey) => Promise<T | undefined>,
  ): Promise<T> {
    const { cache } = this.#ports
    const mayBeUsed = (candidate: IdempotencyKey) =>
      this.#isEarlier(candidate, SKEW_MS) ||
      cache.hasFailed(candidate) ||
      cache.mayHaveForgotten(candidate, SKEW_MS)
    return this.#run(key, work, mayBeUsed, async (repeated) => {
      const used = await this.#find(repeated.id)
      if (used !== undefined) return used.answer as T
      return (await findStored?.(repeated)) ?? work()
    })
  }

  /** Runs a commit to the repo unless it was run for this key. Throws 503 if that is not known. */
  runCommit<T>(key: IdempotencyKey | undefined, work: () => Promise<T>): Promise<T> {
    const { sql, cache } = this.#ports
    const mayBeUsed = (candidate: IdempotencyKey, skewMs = SKEW_MS) =>
      this.#isEarlier(candidate, skewMs) ||
      cache.failedTransaction(candidate) !== undefined ||
      cache.mayHaveForgotten(candidate, SKEW_MS)
    return this.#run(key, work, mayBeUsed, async (repeated) => {
      const kept = await this.#findKept(repeated)
      // Without more than a possible difference of clocks it is taken as new: accounts that write often would be refused.
      if (kept === 'unused' || (kept === 'unknown' && !mayBeUsed(repeated, 0))) return work()
      if (kept !== 'unknown') {
        // The transaction may have failed while it was synced.
        await sql.durable()
        return kept.answer as T
      }
      const { found, unused } = await this.#revs(repeated)
      const isUnused = found === unused || tidMicros(found) / 1000 < repeated.issuedAt - SKEW_MS
      if (!isUnused) throw unavailable('It is not known whether this write was stored')
      return work()
    })
  }

  async #findKept(key: IdempotencyKey): ReturnType<typeof findKeptAnswer> {
    const { sql, cache } = this.#ports
    const failed = cache.failedTransaction(key)
    try {
      return await findKeptAnswer(sql, key, SKEW_MS)
    } catch (error) {
      // It is still not known, and the caller of the next attempt has only this error.
      if (failed !== undefined) noteFailed(error, failed)
      throw error
    }
  }

  /** The rev of the repo after the call in question, and the one that it has if that call was not kept, if known. */
  async #revs(key: IdempotencyKey): Promise<{ found: string; unused?: string | undefined }> {
    const { did, lane, cache } = this.#ports
    const failed = cache.failedTransaction(key)
    if (failed !== undefined) return { found: await lane.revAfter(failed), unused: failed.before }
    if (cache.mayHaveForgotten(key, SKEW_MS)) return { found: (await lane.head()).rev }
    return { found: await lane.revAtWake(), unused: cache.revAtSleep(did) }
  }

  /** Statements that store the key with this answer, for the transaction in which the action takes effect. */
  markUsed(key: IdempotencyKey | undefined, answer?: unknown): Statement[] {
    if (key === undefined) return []
    const { did, keys, clock } = this.#ports
    const text = answer === undefined ? null : new TextEncoder().encode(JSON.stringify(answer))
    const sealed = text && keys.seal(text, context(did))
    const now = clock.now()
    return [
      { sql: 'DELETE FROM used_key WHERE used_at < ?', params: [now - KEY_LIFETIME_MS] },
      {
        // Fails, and with it the transaction, if the key is there already.
        sql: 'INSERT INTO used_key (id, used_at, answer) VALUES (?, ?, ?)',
        params: [key.id, now, sealed],
      },
    ]
  }

  #run<T>(
    key: IdempotencyKey | undefined,
    work: () => Promise<T>,
    /** Whether a call that this activation does not know of, or that failed, may have used the key. */
    mayBeUsed: (key: IdempotencyKey) => boolean,
    recover: (key: IdempotencyKey) => Promise<T>,
  ): Promise<T> {
    if (key === undefined) return work()
    const { cache, clock } = this.#ports
    const known = cache.answerFor(key)
    if (known !== undefined) return known as Promise<T>
    const answer = mayBeUsed(key) ? recover(key) : work()
    cache.add(key, answer, clock.now())
    return answer
  }

  /** Whether the key was issued before this activation, by clocks that differ by up to `skewMs`. */
  #isEarlier({ issuedAt }: IdempotencyKey, skewMs: number): boolean {
    return !this.#isFirstActivation && issuedAt < this.#wokeAt + skewMs
  }

  async #find(id: string): Promise<{ answer: unknown } | undefined> {
    const { did, sql, keys } = this.#ports
    const select = 'SELECT answer FROM used_key WHERE id = ?'
    const row = await sql.first<{ answer: Uint8Array | null }>(select, id)
    if (row === undefined) return undefined
    if (row.answer === null) return { answer: undefined }
    const text = keys.open(Uint8Array.from(row.answer), context(did))
    return { answer: JSON.parse(new TextDecoder().decode(text)) }
  }
}

function context(did: string): string {
  return `${did} answer`
}

/**
 * Features that must run once and write their key, which they get after their input, with `markUsed`; or whose effect
 * tells the key, and is found by the function of the same name in `stored`.
 */
export function once<F extends Record<string, KeyedFeature>>(
  features: F & { [N in keyof F]: TakesKey<F[N]> },
  stored: { [N in keyof F]?: FindStored<F[N]> } = {},
): { [N in keyof F]: Once<F[N]> } {
  return mapFeatures<F>(features, (feature, name) => (account, input, key) => {
    const run = () => feature(account as never, input, key)
    const find = stored[name]
    return account.idempotencyKeys.run(key, run, find && ((used) => find(account as never, used)))
  })
}

/** Features that must run once, whose effect is one commit to the repo, and that give their key to the write lane. */
export function onceCommit<F extends Record<string, KeyedFeature>>(
  features: F & { [N in keyof F]: TakesKey<F[N]> },
): { [N in keyof F]: Once<F[N]> } {
  return mapFeatures<F>(features, (feature) => (account, input, key) => {
    return account.idempotencyKeys.runCommit(key, () => feature(account as never, input, key))
  })
}

type FindStored<F extends KeyedFeature> = (
  account: Parameters<F>[0],
  key: IdempotencyKey,
) => Promise<Awaited<ReturnType<F>> | undefined>
type KeyedFeature = (account: never, input: never, key?: IdempotencyKey) => Promise<unknown>
/** A feature that leaves the key out would run twice in a later activation. */
type TakesKey<F extends KeyedFeature> = 3 extends Parameters<F>['length'] ? F : never
type Action = (account: HasKeys, input: never, key?: IdempotencyKey) => Promise<unknown>
interface HasKeys {
  readonly idempotencyKeys: IdempotencyKeys
}

function mapFeatures<A>(
  features: Record<string, KeyedFeature>,
  lift: (feature: KeyedFeature, name: string) => Action,
): { [N in keyof A]: Once<A[N]> } {
  const lifted = Object.entries(features).map(([name, feature]) => [name, lift(feature, name)])
  return Object.fromEntries(lifted) as { [N in keyof A]: Once<A[N]> }
}
