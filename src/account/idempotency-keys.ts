/**
 * Writes that arrive twice and are done once. Whoever carries a call here makes it again when the answer is lost: the
 * engine between two processes does, and so does the dispatch when an account closes under a call.
 *
 * 1. All repetitions of a call carry the same ticket. Within one process they get the same answer.
 * 2. A ticket that is older than this life of the account may have been used in the one before, in another process. If
 *    that one ended here, in sleep, or committed nothing since the ticket was issued, it was not; else nobody can tell,
 *    and the caller hears that.
 */
import type { WriteLane } from '#src/account/write-lane.ts'
import { unavailable } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { IdempotencyKey, Once } from '#src/rules/actions.ts'

/** Repetitions follow within seconds; this is long after the last of them. */
const KEEP_MS = 120_000
/** How much the clocks of two machines may differ. */
const SKEW_MS = 500
/** How many accounts' ends a process remembers: those that fell asleep last. */
const MAX_ENDS = 50_000

/** What a process knows of tickets, beyond the lives of its accounts. */
export class IdempotencyCache {
  readonly #used = new Map<string, { at: number; answer: Promise<unknown> }>()
  readonly #ends = new Map<string, string>()

  answerFor(ticket: IdempotencyKey): Promise<unknown> | undefined {
    return this.#used.get(ticket.id)?.answer
  }

  /** Notes what the ticket was used for. What fails is forgotten: it may be tried again. */
  add(ticket: IdempotencyKey, answer: Promise<unknown>, now: number): void {
    for (const [id, { at }] of this.#used) {
      if (at > now - KEEP_MS) break
      this.#used.delete(id)
    }
    this.#used.set(ticket.id, { at: now, answer })
    answer.catch(() => this.#used.delete(ticket.id))
  }

  /** The rev with which the account last fell asleep here. */
  revAtSleep(did: string): string | undefined {
    return this.#ends.get(did)
  }

  noteSleep(did: string, rev: string): void {
    this.#ends.delete(did)
    this.#ends.set(did, rev)
    const [first] = this.#ends.keys()
    if (this.#ends.size > MAX_ENDS) this.#ends.delete(first!)
  }
}

interface IdempotencyPorts {
  did: string
  clock: Clock
  lane: WriteLane
  book: IdempotencyCache
}

export class IdempotencyKeys {
  readonly #ports: IdempotencyPorts
  readonly #wokeAt: number
  #isFirstLife = false

  constructor(ports: IdempotencyPorts) {
    this.#ports = ports
    this.#wokeAt = ports.clock.now()
  }

  /** To be called when the account has just been born: no life before this one can have used a ticket. */
  beginFirstActivation(): void {
    this.#isFirstLife = true
  }

  /** To be called when the account falls asleep: what it has done until now, this process knows. */
  end(): void {
    const { did, lane, book } = this.#ports
    if (lane.cachedHead !== null) book.noteSleep(did, lane.cachedHead.rev)
  }

  /** Runs the work unless it has been run for this ticket; a failure may be repeated. Throws 503 where that is unknown. */
  run<T>(ticket: IdempotencyKey | undefined, work: () => Promise<T>): Promise<T> {
    if (ticket === undefined) return work()
    const { book, clock } = this.#ports
    const known = book.answerFor(ticket)
    if (known !== undefined) return known as Promise<T>
    const isLate = ticket.issuedAt < this.#wokeAt && !this.#isFirstLife
    const answer = isLate ? this.#runLate(ticket, work) : work()
    book.add(ticket, answer, clock.now())
    return answer
  }

  async #runLate<T>({ issuedAt }: IdempotencyKey, work: () => Promise<T>): Promise<T> {
    const { did, lane, book } = this.#ports
    const rev = await lane.revAtWake()
    const isSure = rev === book.revAtSleep(did) || tidMicros(rev) / 1000 < issuedAt - SKEW_MS
    if (!isSure) throw unavailable('It is not known whether this was kept')
    return work()
  }
}

/** Features that must run once, as actions that take an idempotency key besides their input. */
export function once<F extends Record<string, Feature>>(
  features: F,
): { [N in keyof F]: Once<Keyed<F[N]>> } {
  const keyed = Object.entries(features).map(([name, feature]) => {
    const run = (account: Keys, input: never, ticket?: IdempotencyKey) => {
      return account.idempotencyKeys.run(ticket, () => feature(account as never, input))
    }
    return [name, run]
  })
  return Object.fromEntries(keyed) as { [N in keyof F]: Once<Keyed<F[N]>> }
}

type Feature = (account: never, input: never) => Promise<unknown>
type Keyed<F> = F extends (account: infer A, input: infer I) => infer R
  ? (account: A, input: I, ticket?: IdempotencyKey) => R
  : never
interface Keys {
  readonly idempotencyKeys: IdempotencyKeys
}
