/** The one count of what is used up of each limit: gateways lease points of it, and spend those without asking again. */
import type { Clock } from '#src/ports/clock.ts'

/** So many points for each key, in a window that opens with the first of them. */
export interface Limit {
  name: string
  points: number
  durationMs: number
}

/** What a gateway wants of one key of a limit. */
export interface LeaseRequest {
  limit: Limit
  key: string
  /** Points that it has spent already, on its own account. */
  owed: number
  /** Points that calls are waiting for. */
  need: number
  /** Points that it would like to have in hand. */
  spare: number
}

export interface LeaseGrant {
  /** Points that are the gateway's from now on: fewer than it needs where there are no more. */
  granted: number
  /** Points that nobody has. */
  remaining: number
  /** When the window ends, in ms since 1970. */
  resetAt: number
}

/** Points that were leased and not spent. */
export interface UnspentLease {
  name: string
  key: string
  points: number
  /** The window they are of. */
  resetAt: number
}

interface Window {
  used: number
  resetAt: number
}

export interface Limiter {
  readonly clock: Clock
  /** By the limit's name, then by key; a limit's windows are as long as each other, so the first ends first. */
  readonly windows: Map<string, Map<string, Window>>
  /** How many keys of one limit are remembered. */
  readonly maxKeys: number
}

const MAX_KEYS = 100_000
/** Nobody is lent more than this part of what is left, so that the last points are not where they are not needed. */
const SHARE = 8

export function openLimiter({
  clock,
  maxKeys: mostKeys = MAX_KEYS,
}: {
  clock: Clock
  maxKeys?: number
}) {
  return { clock, windows: new Map(), maxKeys: mostKeys } satisfies Limiter
}

/** Takes back what is unspent, then answers the asks, one grant for each. */
export async function lease(
  limiter: Limiter,
  { asks, unspent = [] }: { asks: readonly LeaseRequest[]; unspent?: readonly UnspentLease[] },
): Promise<LeaseGrant[]> {
  for (const { name, key, points, resetAt } of unspent) {
    const window = limiter.windows.get(name)?.get(key)
    // Of a window that has ended there is nothing to give back.
    if (window?.resetAt === resetAt) window.used = Math.max(0, window.used - points)
  }
  return asks.map((ask) => grant(limiter, ask))
}

function grant(limiter: Limiter, { limit, key, owed, need, spare }: LeaseRequest): LeaseGrant {
  const window = windowOf(limiter, limit, key)
  window.used = Math.min(limit.points, window.used + owed)
  const free = limit.points - window.used
  const isShort = need > free
  const granted = isShort ? free : need + Math.min(spare, Math.floor((free - need) / SHARE))
  // As in the reference, whoever asks for too much has used up what was left.
  window.used += granted
  return { granted, remaining: limit.points - window.used, resetAt: window.resetAt }
}

function windowOf({ windows, clock, maxKeys }: Limiter, limit: Limit, key: string): Window {
  const now = clock.now()
  const keys = windows.get(limit.name) ?? new Map<string, Window>()
  windows.set(limit.name, keys)
  const known = keys.get(key)
  if (known !== undefined && known.resetAt > now) return known
  keys.delete(key)
  forgetOld(keys, now, maxKeys - 1)
  const opened = { used: 0, resetAt: now + limit.durationMs }
  keys.set(key, opened)
  return opened
}

/** Windows that have ended, and the oldest where there are too many. */
function forgetOld(keys: Map<string, Window>, now: number, most: number): void {
  for (const [key, { resetAt }] of keys) {
    if (resetAt > now && keys.size <= most) return
    keys.delete(key)
  }
}
