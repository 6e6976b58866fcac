/**
 * The gateway's side of the rate limits: it spends points that the limiter has leased to it, and requests more in advance.
 *
 * 1. Leased points are spent at once, without a call to the limiter.
 * 2. If less than half of a lease is left, more points are requested in the background. Requests are batched while an
 *    earlier batch is under way.
 * 3. If the leased points do not suffice, the call waits for the limiter. The first call for a key of a wide limit does
 *    not wait: it starts with a lease on credit.
 * 4. If the limiter has no more points, the key is refused until its window ends, without further requests.
 *
 * So all gateways together never exceed a narrow limit, and exceed a wide one by at most one lease per gateway. If the
 * limiter cannot be reached, each gateway counts by itself.
 */
import type { LeaseGrant, LeaseRequest, Limit, UnspentLease } from '#src/limits/limiter.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface LimitStatus {
  limit: Limit
  isRefused: boolean
  /** Points left, as far as this process knows. */
  remaining: number
  /** When the window ends, in ms since 1970. */
  resetAt: number
}

/** The error if the limiter, or the shard of it that counts the key, could not be reached. */
export type LeaseAnswer = LeaseGrant | { error: unknown }

/** Resolves to one answer for each request, in order. Rejects if unspent points could not be returned. */
export type RequestLeases = (
  requests: readonly LeaseRequest[],
  unspent: readonly UnspentLease[],
) => Promise<LeaseAnswer[]>

interface Entry {
  readonly limit: Limit
  readonly key: string
  lease: number
  /** How many points of `lease` began as credit: those spent are owed to the limiter, the rest is dropped. */
  credit: number
  /** Points not leased to any gateway, as of the limiter's last answer. */
  remaining: number
  resetAt: number
  isRefused: boolean
  /** How many points were given back. */
  returned: number
  needed: number
  pending: Promise<void> | null
  usedAt: number
}

/** A limit of at least this many points is wide: it is leased in fractions, and starts on credit. */
const WIDE_LIMIT_POINTS = 1000
const LEASE_FRACTION = 50
/** Requests per waiting call: other calls may spend a grant first. */
const MAX_ATTEMPTS = 10
const MAX_BATCH = 2000
const MAX_ENTRIES = 100_000
const IDLE_MS = 10_000

export class Leases {
  readonly #send: RequestLeases
  readonly #clock: Clock
  readonly #onFailure: (error: unknown) => void
  readonly #entries = new Map<string, Map<string, Entry>>()
  #count = 0
  #waiting: Entry[] = []
  #sending: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(ports: { send: RequestLeases; clock: Clock; onFailure(error: unknown): void }) {
    this.#send = ports.send
    this.#clock = ports.clock
    this.#onFailure = ports.onFailure
  }

  take(limit: Limit, key: string, points: number): LimitStatus | Promise<LimitStatus> {
    const entry = this.#entry(limit, key)
    if (entry.isRefused) return statusOf(entry, true)
    if (entry.lease >= points) return this.#spend(entry, points)
    return this.#takeAsync(entry, points)
  }

  /** Gives points back that were taken in the window that ends at `resetAt`; the next call spends them. */
  giveBack(
    limit: Limit,
    key: string,
    { points, resetAt }: { points: number; resetAt: number },
  ): void {
    const entry = this.#entries.get(limit.name)?.get(key)
    if (entry?.resetAt !== resetAt) return
    entry.lease += points
    entry.returned += points
    entry.isRefused = false
  }

  /** Call periodically. */
  async returnIdle(): Promise<void> {
    const now = this.#clock.now()
    const unspent: UnspentLease[] = []
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) {
        const isIdle = now - entry.usedAt > IDLE_MS && entry.pending === null
        if (entry.resetAt > now && !isIdle) continue
        this.#forget(keys, entry)
        const { limit, key, lease, credit, resetAt } = entry
        const points = credit > 0 ? 0 : lease
        if (resetAt > now && points > 0) unspent.push({ name: limit.name, key, points, resetAt })
      }
    }
    if (unspent.length > 0) await this.#send([], unspent).catch(this.#onFailure)
  }

  #entry(limit: Limit, key: string): Entry {
    const now = this.#clock.now()
    const keys = this.#entries.get(limit.name) ?? new Map<string, Entry>()
    this.#entries.set(limit.name, keys)
    const existing = keys.get(key)
    if (existing !== undefined && (existing.resetAt > now || existing.pending !== null)) {
      existing.usedAt = now
      return existing
    }
    if (existing !== undefined) this.#forget(keys, existing)
    const credit = leaseSize(limit)
    const resetAt = now + limit.durationMs
    const entry: Entry = {
      limit,
      key,
      lease: credit,
      credit,
      remaining: limit.points - credit,
      resetAt,
      isRefused: false,
      returned: 0,
      needed: 0,
      pending: null,
      usedAt: now,
    }
    if (this.#count >= MAX_ENTRIES) this.#forgetOldest()
    keys.set(key, entry)
    this.#count++
    return entry
  }

  #spend(entry: Entry, points: number): LimitStatus {
    entry.lease -= points
    const isLow = entry.credit > 0 || entry.lease < leaseSize(entry.limit) / 2
    if (isLow && entry.remaining > 0 && !entry.isRefused) void this.#requestMore(entry)
    return statusOf(entry, false)
  }

  async #takeAsync(entry: Entry, points: number): Promise<LimitStatus> {
    entry.needed += points
    try {
      // A grant for an earlier request may be too small for this call, or other calls may spend it first.
      for (let attempts = 0; entry.lease < points; attempts++) {
        if (attempts === MAX_ATTEMPTS || entry.isRefused) return statusOf(entry, true)
        await this.#requestMore(entry)
      }
      return this.#spend(entry, points)
    } finally {
      entry.needed -= points
    }
  }

  #requestMore(entry: Entry): Promise<void> {
    if (entry.pending !== null) return entry.pending
    this.#waiting.push(entry)
    entry.pending = this.#flush().finally(() => {
      entry.pending = null
    })
    return entry.pending
  }

  #flush(): Promise<void> {
    this.#next ??= Promise.resolve(this.#sending).then(() => {
      this.#next = null
      const entries = this.#waiting
      this.#waiting = []
      this.#sending = this.#sendBatches(entries)
      return this.#sending
    })
    return this.#next
  }

  async #sendBatches(entries: readonly Entry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += MAX_BATCH) {
      await this.#sendBatch(entries.slice(i, i + MAX_BATCH))
    }
  }

  async #sendBatch(entries: readonly Entry[]): Promise<void> {
    const requests = entries.map(leaseRequestOf)
    // Points that are spent from here on are subtracted from the grant.
    const before = entries.map(({ lease, returned }) => ({ lease, returned }))
    const answers = await this.#send(
      requests.map(({ request }) => request),
      [],
    ).catch((error) => entries.map((): LeaseAnswer => ({ error })))
    for (const [i, entry] of entries.entries()) {
      const grant = this.#grantOf(answers[i]!, entry, before[i]!.lease)
      const { request, isCredit } = requests[i]!
      if (isCredit) entry.lease -= before[i]!.lease
      entry.credit = 0
      entry.lease += grant.granted
      entry.remaining = grant.remaining
      entry.resetAt = grant.resetAt
      const hasReturned = entry.returned > before[i]!.returned
      entry.isRefused = grant.granted < request.need && !hasReturned
    }
  }

  #grantOf(answer: LeaseAnswer, entry: Entry, leased: number): LeaseGrant {
    if (!('error' in answer)) return answer
    this.#onFailure(answer.error)
    return grantLocally(entry, leased)
  }

  #forget(keys: Map<string, Entry>, entry: Entry): void {
    if (keys.delete(entry.key)) this.#count--
  }

  #forgetOldest(): void {
    for (const keys of this.#entries.values()) {
      const [oldest] = keys.values()
      if (oldest === undefined) continue
      this.#forget(keys, oldest)
      return
    }
  }
}

function leaseRequestOf(entry: Entry): { request: LeaseRequest; isCredit: boolean } {
  const { limit, key, credit, lease, needed } = entry
  const isCredit = credit > 0
  // A negative lease was overspent before the limiter's smaller grant came in.
  const owed = isCredit ? credit - lease : Math.max(0, -lease)
  const need = Math.max(0, needed - (isCredit ? 0 : Math.max(0, lease)))
  if (!isCredit && lease < 0) entry.lease = 0
  return { request: { limit, key, owed, need, spare: leaseSize(limit) }, isCredit }
}

function grantLocally(
  { limit, needed, remaining, resetAt, credit }: Entry,
  leased: number,
): LeaseGrant {
  const free = remaining + (credit > 0 ? leased : 0)
  const granted = Math.min(free, needed + leaseSize(limit))
  return { granted, remaining: free - granted, resetAt }
}

function leaseSize({ points }: Limit): number {
  return points < WIDE_LIMIT_POINTS ? 0 : Math.ceil(points / LEASE_FRACTION)
}

function statusOf({ limit, lease, remaining, resetAt }: Entry, isRefused: boolean): LimitStatus {
  const left = isRefused ? 0 : Math.max(0, lease) + remaining
  return { limit, isRefused, remaining: left, resetAt }
}
