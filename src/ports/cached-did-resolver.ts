/** Resolves DIDs from a cache with a bound in bytes, and bounds the lookups that callers can cause. */
import { unavailable } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DidResolver, DidSource } from '#src/ports/did-resolver.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'

/** What is known of a DID. The times are the starts of lookups. */
interface Known {
  /** As JSON, whose size in memory is known; undefined if the DID has none, or only lookups that failed. */
  text?: string | undefined
  /** When `text` was looked up. */
  startedAt?: number | undefined
  /** Of callers' refreshes; the newest last. */
  refreshes?: readonly number[] | undefined
  /** When it was found that there is no document, or a lookup failed with `error`. */
  failedAt?: number | undefined
  error?: unknown
}

/** Why a DID is looked up: it is not known, or a caller or this server itself wants to see a change. */
type Cause = 'unknown' | "caller's refresh" | 'own refresh'

/** The lookups of a DID that are in progress. */
interface Lookups {
  count: number
  /** Sequence number of the latest one that has ended. */
  ended: number
  /** The latest one, which callers may join. */
  joinable: Promise<DidDocument | undefined> | undefined
}

export interface CacheOptions {
  clock: Clock
  staleMs?: number
  maxAgeMs?: number
  /** Of DIDs and documents in memory. */
  maxBytes?: number
  /** Lookups in progress, of did:web and of all other methods; `refresh` without `isLimited` is not counted. */
  maxLookups?: number
}

/** As in the reference: an hour and a day. */
const STALE_MS = 60 * 60_000
const MAX_AGE_MS = 24 * STALE_MS
/** 10,000 documents of common size. */
const MAX_BYTES = 16 * 1024 * 1024
const MAX_LOOKUPS = 256
const MAX_DID_LENGTH = 2048
const FAILURE_MS = 5_000
/** Callers may refresh a DID so often in this time: its key changes several times within seconds if it moves. */
const MAX_REFRESHES = 3
const REFRESH_INTERVAL_MS = 10_000
/** Of the entry in the map and the strings' headers. */
const OVERHEAD_BYTES = 300

/**
 * Up to an age of `staleMs` a document is fresh; up to `maxAgeMs` it is returned while it is refreshed in the background;
 * after that it is fetched again. Failures, and that there is no document, are remembered for 5 s, except after a
 * refresh by this server. Throws 503 if too
 * many lookups are in progress.
 */
export function cachedResolver(inner: DidSource, options: CacheOptions): DidResolver {
  const { clock, staleMs = STALE_MS, maxAgeMs = MAX_AGE_MS } = options
  const { maxBytes = MAX_BYTES, maxLookups = MAX_LOOKUPS } = options
  const cache = new BoundedMap<string, Known>(maxBytes, bytesOf)
  const inProgress = new Map<string, Lookups>()
  const counts = { web: 0, other: 0 }
  let lastSequence = 0

  const isWithin = (ms: number, time = Number.NaN) => Math.abs(clock.now() - time) < ms

  async function lookUp(did: string, cause: Cause): Promise<DidDocument | undefined> {
    const sequence = ++lastSequence
    const startedAt = clock.now()
    const lookups = inProgress.get(did)!
    const method = methodOf(did)
    const isRefresh = cause !== 'unknown'
    // What this server has changed may be seen a moment later.
    const failedAt = () => (cause === 'own refresh' ? undefined : clock.now())
    lookups.count++
    counts[method]++
    if (cause === "caller's refresh") {
      const known = cache.get(did)
      const refreshes = [...(known?.refreshes ?? []), startedAt].slice(-MAX_REFRESHES)
      cache.set(did, { ...known, refreshes })
    }
    const keep = (found: Known) => {
      // The answer to an earlier lookup may be from before a change that the later one has seen.
      if (sequence < lookups.ended) return
      lookups.ended = sequence
      cache.set(did, { refreshes: cache.get(did)?.refreshes, ...found })
    }
    try {
      const document = await inner.resolve(did)
      if (document === undefined) keep({ failedAt: failedAt() })
      else keep({ text: JSON.stringify(document), startedAt })
      return document
    } catch (error) {
      const { text, startedAt: before = 0 } = cache.get(did) ?? {}
      // After a refresh that failed, the document may be from before the change that was to be seen.
      const age = { startedAt: isRefresh ? Math.min(before, startedAt - staleMs) : before }
      keep({ text, ...age, failedAt: failedAt(), error })
      throw error
    } finally {
      counts[method]--
      if (--lookups.count === 0) inProgress.delete(did)
    }
  }

  function start(did: string, cause: Cause): Promise<DidDocument | undefined> {
    const lookups = inProgress.get(did) ?? { count: 0, ended: 0, joinable: undefined }
    inProgress.set(did, lookups)
    const lookup = lookUp(did, cause).finally(() => {
      if (lookups.joinable === lookup) lookups.joinable = undefined
    })
    lookups.joinable = lookup
    return lookup
  }

  /** Joins a lookup that is in progress. */
  async function startOrJoin(
    did: string,
    cause: Cause = 'unknown',
  ): Promise<DidDocument | undefined> {
    const joinable = inProgress.get(did)?.joinable
    if (joinable !== undefined) return joinable
    if (counts[methodOf(did)] >= maxLookups)
      throw unavailable('Too many DIDs are being resolved, please try again')
    return start(did, cause)
  }

  async function resolve(did: string): Promise<DidDocument | undefined> {
    if (did.length > MAX_DID_LENGTH) return undefined
    const known = cache.get(did)
    if (known === undefined) return startOrJoin(did)
    cache.set(did, known)
    const { text, failedAt, error } = known
    const hasFailed = isWithin(FAILURE_MS, failedAt)
    const age = clock.now() - (known.startedAt ?? 0)
    if (text !== undefined && age < maxAgeMs) {
      if (age >= staleMs && !hasFailed) void startOrJoin(did).catch(() => {})
      return JSON.parse(text) as DidDocument
    }
    if (!hasFailed) return startOrJoin(did)
    if (error !== undefined) throw error
    return undefined
  }

  return {
    resolve,
    async refresh(did, { isLimited = false } = {}) {
      if (did.length > MAX_DID_LENGTH) return undefined
      // A lookup in progress may have been answered before the change that the caller wants to see.
      if (!isLimited) return start(did, 'own refresh')
      const { refreshes = [], failedAt } = cache.get(did) ?? {}
      const recent = refreshes.filter((at) => isWithin(REFRESH_INTERVAL_MS, at))
      const isTooSoon = recent.length >= MAX_REFRESHES || isWithin(FAILURE_MS, failedAt)
      return isTooSoon ? resolve(did) : startOrJoin(did, "caller's refresh")
    },
  }
}

function methodOf(did: string): 'web' | 'other' {
  return did.startsWith('did:web:') ? 'web' : 'other'
}

/** Strings take up to two bytes for each UTF-16 unit. */
function bytesOf(did: string, { text = '' }: Known): number {
  return OVERHEAD_BYTES + 2 * (did.length + text.length)
}
