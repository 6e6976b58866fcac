/** Resolves DIDs to their published documents. */
import { XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'

export interface DidSource {
  /** The document; undefined if the DID is unknown or tombstoned. Throws 502 if that cannot be determined. */
  resolve(did: string): Promise<DidDocument | undefined>
}

export interface DidResolver extends DidSource {
  /** Resolves without the cache; later calls of `resolve` return nothing older. */
  refresh(did: string): Promise<DidDocument | undefined>
}

export interface PublishedDocuments {
  plcUrl: string
  timeoutMs: number
  /** For the PLC directory, which the operator has chosen. */
  plcFetch: typeof globalThis.fetch
  /** For the hosts of did:web, which anyone may choose. */
  webFetch: typeof globalThis.fetch
}

/** A host and perhaps a port; atproto does not allow did:web with a path. */
const didWeb = /^did:web:[a-zA-Z0-9.-]+(%3[Aa]\d{1,5})?$/

/**
 * Fetches documents with @atproto/identity: did:plc from the PLC directory; did:web over HTTPS, and over HTTP for
 * `localhost`, which `webFetch` may refuse. Other methods are unknown.
 */
export function publishedDocuments(ports: PublishedDocuments): DidSource {
  const { plcUrl, timeoutMs } = ports
  const [plcFetch, webFetch] = [conclusive(ports.plcFetch), conclusive(ports.webFetch)]
  // The package takes 0.4 s of CPU time to load, which no start of a server waits for.
  const load = loadOnce(async () => {
    const { DidPlcResolver, DidWebResolver } = await import('@atproto/identity')
    return {
      plc: new DidPlcResolver(plcUrl, timeoutMs, undefined, plcFetch),
      web: new DidWebResolver(timeoutMs, undefined, webFetch),
    }
  })

  return {
    async resolve(did) {
      const isPlc = did.startsWith('did:plc:')
      if (!isPlc && !didWeb.test(did)) return undefined
      const { plc, web } = await load()
      try {
        return (await (isPlc ? plc : web).resolveNoCache(did)) ?? undefined
      } catch {
        throw new XrpcError(502, 'UpstreamFailure', `Could not fetch the document of ${did}`)
      }
    },
  }
}

/** Rejects failed responses except 404: the package would take an outage of a host for the end of its DID. */
function conclusive(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (response.ok || response.status === 404) return response
    await response.body?.cancel()
    // Gone: a tombstone of the PLC directory.
    if (response.status === 410) return new Response(null, { status: 404 })
    throw new Error(`status ${response.status}`)
  }
}

interface CachedDocument {
  document: DidDocument
  /** Start of the lookup in ms since 1970, and its sequence number. */
  startedAt: number
  sequence: number
}

/** As in the reference: an hour and a day. */
const STALE_MS = 60 * 60_000
const MAX_AGE_MS = 24 * STALE_MS

/**
 * Caches the `maxEntries` most recently used documents. Up to an age of `staleMs` a document is fresh; up to `maxAgeMs`
 * it is returned while it is refreshed in the background; after that it is fetched again.
 */
export function cachedResolver(
  inner: DidSource,
  options: { clock: Clock; staleMs?: number; maxAgeMs?: number; maxEntries?: number },
): DidResolver {
  const { clock, staleMs = STALE_MS, maxAgeMs = MAX_AGE_MS, maxEntries = 10_000 } = options
  const cache = new BoundedMap<string, CachedDocument>(maxEntries)
  const pending = new Map<string, Promise<DidDocument | undefined>>()
  let lookups = 0

  async function lookUp(did: string): Promise<DidDocument | undefined> {
    const sequence = ++lookups
    const startedAt = clock.now()
    const document = await inner.resolve(did)
    // Do not overwrite the result of a later lookup.
    if ((cache.get(did)?.sequence ?? 0) > sequence) return document
    cache.delete(did)
    if (document === undefined) return undefined
    cache.set(did, { document, startedAt, sequence })
    return document
  }

  function lookUpOnce(did: string): Promise<DidDocument | undefined> {
    const running = pending.get(did)
    if (running !== undefined) return running
    const lookup = lookUp(did).finally(() => {
      if (pending.get(did) === lookup) pending.delete(did)
    })
    pending.set(did, lookup)
    return lookup
  }

  return {
    async resolve(did) {
      const cached = cache.get(did)
      const age = cached === undefined ? maxAgeMs : clock.now() - cached.startedAt
      if (cached === undefined || age >= maxAgeMs) return lookUpOnce(did)
      cache.set(did, cached)
      if (age >= staleMs) void lookUpOnce(did).catch(() => {})
      return cached.document
    },
    refresh(did) {
      // A lookup in progress may have been answered before the change that the caller wants to see.
      pending.delete(did)
      return lookUpOnce(did)
    },
  }
}
