/** Resolves DIDs to their published documents. */
import { XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { type DidDocument, parseDidDocument } from '#src/protocol/did-document.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

export interface DidSource {
  /** The document; undefined if the DID is unknown or tombstoned. Throws 502 if that cannot be determined. */
  resolve(did: string): Promise<DidDocument | undefined>
}

export interface DidResolver extends DidSource {
  /** Resolves without the cache; later calls of `resolve` return nothing older. */
  refresh(did: string): Promise<DidDocument | undefined>
}

export function plcResolver(directory: Pick<PlcDirectory, 'getDocumentData'>): DidSource {
  return {
    async resolve(did) {
      if (!did.startsWith('did:plc:')) return undefined
      const data = await directory.getDocumentData(did)
      return data && plcDidDocument({ ...data, did })
    },
  }
}

/**
 * Resolves did:web over HTTPS; over HTTP for `localhost`, which `fetch` may refuse. `fetch` limits time and size.
 * atproto does not allow DIDs with a path.
 */
export function webResolver({ fetch }: { fetch: typeof globalThis.fetch }): DidSource {
  return {
    async resolve(did) {
      const url = didWebUrl(did)
      if (url === undefined) return undefined
      try {
        const headers = { accept: 'application/did+ld+json,application/json' }
        const response = await fetch(url, { headers, redirect: 'error' })
        if (response.status === 404 || response.status === 410) {
          await response.body?.cancel()
          return undefined
        }
        if (!response.ok) throw new Error(`status ${response.status}`)
        return parseDidDocument(did, await response.json())
      } catch {
        throw new XrpcError(502, 'UpstreamFailure', `Could not fetch the document of ${did}`)
      }
    },
  }
}

function didWebUrl(did: string): URL | undefined {
  const [, host, port] = /^did:web:([a-zA-Z0-9.-]+)(?:%3[Aa](\d{1,5}))?$/.exec(did) ?? []
  if (host === undefined) return undefined
  const scheme = host === 'localhost' ? 'http' : 'https'
  const authority = port === undefined ? host : `${host}:${port}`
  return URL.parse(`${scheme}://${authority}/.well-known/did.json`) ?? undefined
}

export function resolverByMethod(sources: { plc: DidSource; web: DidSource }): DidSource {
  return {
    async resolve(did) {
      if (did.startsWith('did:plc:')) return sources.plc.resolve(did)
      if (did.startsWith('did:web:')) return sources.web.resolve(did)
      return undefined
    },
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
