/**
 * A gateway's half of the rate limits: it spends points that the limiter has leased to it, and asks for more in time.
 *
 * 1. Points in hand are spent at once: no call, no waiting.
 * 2. Where less than half of a lease is left, more is asked for in the background. Asks gather while others are on
 *    their way, and go together.
 * 3. Where the points in hand do not suffice, the call waits for the answer. For a key that is seen for the first time
 *    it does not, if the limit is wide: it begins with a lease on credit.
 * 4. Where there are no more, the key is refused until its window ends, without asking again.
 *
 * So the sum over all gateways never exceeds a narrow limit, and a wide one by no more than one lease for each gateway.
 * A limiter that cannot be reached leaves each gateway counting by itself.
 */
import type { LeaseGrant, LeaseRequest, Limit, UnspentLease } from '#src/limits/limiter.ts'
import type { Clock } from '#src/ports/clock.ts'

/** Where a key stands after a call. */
export interface LimitStatus {
  limit: Limit
  isRefused: boolean
  /** Points that are left, as far as this process knows. */
  remaining: number
  /** When all points are there again, in ms since 1970. */
  resetAt: number
}

/** Asks the limiter: one grant for each ask. Rejects where it cannot be reached. */
export type RequestLeases = (
  asks: readonly LeaseRequest[],
  unspent: readonly UnspentLease[],
) => Promise<LeaseGrant[]>

interface Entry {
  readonly limit: Limit
  readonly key: string
  /** Points in hand. */
  lease: number
  /** Points in hand on credit: what is spent of them is owed, what is not was never there. */
  credit: number
  /** Points that nobody has, as the limiter last said. */
  remaining: number
  resetAt: number
  isRefused: boolean
  /** Points that waiting calls need. */
  needed: number
  /** Until the limiter has answered. */
  asking: Promise<void> | null
  usedAt: number
}

/** From this many points on, a limit is wide: it is leased in parts, and begins on credit. */
const WIDE = 1000
const PART = 50
/** How often one call asks; each time others may have been faster. */
const MOST_ASKS = 10
/** Asks of one message. */
const MOST_AT_ONCE = 2000
const MOST_ENTRIES = 100_000
/** A lease that nobody has spent from for this long goes back. */
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

  /** Spends `points` of a key; answers at once where that is possible. */
  take(limit: Limit, key: string, points: number): LimitStatus | Promise<LimitStatus> {
    const entry = this.#entry(limit, key)
    if (entry.isRefused) return standing(entry, true)
    if (entry.lease >= points) return this.#spend(entry, points)
    return this.#wait(entry, points)
  }

  /** Gives back what lies idle, and forgets what has ended. To be called now and then. */
  async returnIdle(): Promise<void> {
    const now = this.#clock.now()
    const unspent: UnspentLease[] = []
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) {
        const isIdle = now - entry.usedAt > IDLE_MS && entry.asking === null
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
    const known = keys.get(key)
    if (known !== undefined && (known.resetAt > now || known.asking !== null)) {
      known.usedAt = now
      return known
    }
    if (known !== undefined) this.#forget(keys, known)
    const credit = partOf(limit)
    const resetAt = now + limit.durationMs
    const entry: Entry = {
      limit,
      key,
      lease: credit,
      credit,
      remaining: limit.points - credit,
      resetAt,
      isRefused: false,
      needed: 0,
      asking: null,
      usedAt: now,
    }
    if (this.#count >= MOST_ENTRIES) this.#forgetOldest()
    keys.set(key, entry)
    this.#count++
    return entry
  }

  #spend(entry: Entry, points: number): LimitStatus {
    entry.lease -= points
    const isLow = entry.credit > 0 || entry.lease < partOf(entry.limit) / 2
    if (isLow && entry.remaining > 0 && !entry.isRefused) void this.#ask(entry)
    return standing(entry, false)
  }

  async #wait(entry: Entry, points: number): Promise<LimitStatus> {
    entry.needed += points
    try {
      // A grant for an ask that was sent before this call waited may be too small for it, or be spent by others.
      for (let asked = 0; entry.lease < points; asked++) {
        if (asked === MOST_ASKS || entry.isRefused) return standing(entry, true)
        await this.#ask(entry)
      }
      return this.#spend(entry, points)
    } finally {
      entry.needed -= points
    }
  }

  /** Resolves when the limiter has answered for this entry. */
  #ask(entry: Entry): Promise<void> {
    if (entry.asking !== null) return entry.asking
    this.#waiting.push(entry)
    entry.asking = this.#flush().finally(() => {
      entry.asking = null
    })
    return entry.asking
  }

  /** What waits goes when what is on its way has come back. */
  #flush(): Promise<void> {
    this.#next ??= Promise.resolve(this.#sending).then(() => {
      this.#next = null
      const entries = this.#waiting
      this.#waiting = []
      this.#sending = this.#rounds(entries)
      return this.#sending
    })
    return this.#next
  }

  async #rounds(entries: readonly Entry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += MOST_AT_ONCE) {
      await this.#round(entries.slice(i, i + MOST_AT_ONCE))
    }
  }

  async #round(entries: readonly Entry[]): Promise<void> {
    const sent = entries.map(askOf)
    // What is spent from here on comes off the answer.
    const before = entries.map(({ lease }) => lease)
    const grants = await this.#send(
      sent.map(({ ask }) => ask),
      [],
    ).catch((error) => {
      this.#onFailure(error)
      return entries.map((entry, i) => alone(entry, before[i]!))
    })
    for (const [i, entry] of entries.entries()) {
      const grant = grants[i]
      if (grant === undefined) continue
      const { ask, isCredit } = sent[i]!
      if (isCredit) entry.lease -= before[i]!
      entry.credit = 0
      entry.lease += grant.granted
      entry.remaining = grant.remaining
      entry.resetAt = grant.resetAt
      entry.isRefused = grant.granted < ask.need
    }
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

function askOf(entry: Entry): { ask: LeaseRequest; isCredit: boolean } {
  const { limit, key, credit, lease, needed } = entry
  const isCredit = credit > 0
  // Less than nothing in hand: spent before the limiter said that there was less.
  const owed = isCredit ? credit - lease : Math.max(0, -lease)
  const need = Math.max(0, needed - (isCredit ? 0 : Math.max(0, lease)))
  if (!isCredit && lease < 0) entry.lease = 0
  return { ask: { limit, key, owed, need, spare: partOf(limit) }, isCredit }
}

/** What a gateway grants itself while nobody can be asked. */
function alone({ limit, needed, remaining, resetAt, credit }: Entry, inHand: number): LeaseGrant {
  const free = remaining + (credit > 0 ? inHand : 0)
  const granted = Math.min(free, needed + partOf(limit))
  return { granted, remaining: free - granted, resetAt }
}

function partOf({ points }: Limit): number {
  return points < WIDE ? 0 : Math.ceil(points / PART)
}

function standing({ limit, lease, remaining, resetAt }: Entry, isRefused: boolean): LimitStatus {
  const left = isRefused ? 0 : Math.max(0, lease) + remaining
  return { limit, isRefused, remaining: left, resetAt }
}
