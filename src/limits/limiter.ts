/** The rate-limit counters: gateways lease points from a limit and spend them without further calls. */
import type { Clock } from '#src/ports/clock.ts'

/** `points` for each key in a fixed window, which opens with the first point. */
export interface Limit {
  name: string
  points: number
  durationMs: number
}

/**
 * `owed` points were already spent without a lease, `need` points are for waiting calls, `spare` points are to be
 * leased in advance.
 */
export interface LeaseRequest {
  limit: Limit
  key: string
  owed: number
  need: number
  spare: number
}

/** `granted` is less than `need` if no more points are left. `resetAt` is the end of the window. */
export interface LeaseGrant {
  granted: number
  remaining: number
  resetAt: number
}

export interface UnspentLease {
  name: string
  key: string
  points: number
  resetAt: number
}

interface Window {
  used: number
  resetAt: number
}

export interface Limiter {
  readonly clock: Clock
  /** By limit name, then by key. All windows of a limit are equally long, so insertion order is expiry order. */
  readonly windows: Map<string, Map<string, Window>>
  readonly maxKeys: number
}

const MAX_KEYS = 100_000
// At most 1/8 of the remaining points is leased in advance, so that the last points stay available to all gateways.
const SHARE = 8

export function openLimiter({ clock, maxKeys = MAX_KEYS }: { clock: Clock; maxKeys?: number }) {
  return { clock, windows: new Map(), maxKeys } satisfies Limiter
}

export async function lease(
  limiter: Limiter,
  {
    requests,
    unspent = [],
  }: { requests: readonly LeaseRequest[]; unspent?: readonly UnspentLease[] },
): Promise<LeaseGrant[]> {
  for (const { name, key, points, resetAt } of unspent) {
    const window = limiter.windows.get(name)?.get(key)
    // Points of a window that has ended cannot be returned.
    if (window?.resetAt === resetAt) window.used = Math.max(0, window.used - points)
  }
  return requests.map((request) => grant(limiter, request))
}

function grant(limiter: Limiter, { limit, key, owed, need, spare }: LeaseRequest): LeaseGrant {
  const window = currentWindow(limiter, limit, key)
  window.used = Math.min(limit.points, window.used + owed)
  const free = limit.points - window.used
  const isShort = need > free
  const granted = isShort ? free : need + Math.min(spare, Math.floor((free - need) / SHARE))
  // As in the reference, a call that exceeds the limit uses up what was left.
  window.used += granted
  return { granted, remaining: limit.points - window.used, resetAt: window.resetAt }
}

function currentWindow({ windows, clock, maxKeys }: Limiter, limit: Limit, key: string): Window {
  const now = clock.now()
  const keys = windows.get(limit.name) ?? new Map<string, Window>()
  windows.set(limit.name, keys)
  const current = keys.get(key)
  if (current !== undefined && current.resetAt > now) return current
  keys.delete(key)
  deleteOldWindows(keys, now, maxKeys - 1)
  const window = { used: 0, resetAt: now + limit.durationMs }
  keys.set(key, window)
  return window
}

function deleteOldWindows(keys: Map<string, Window>, now: number, max: number): void {
  for (const [key, { resetAt }] of keys) {
    if (resetAt > now && keys.size <= max) return
    keys.delete(key)
  }
}
