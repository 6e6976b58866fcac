/** Resolves DIDs to their published documents. */
import { XrpcError } from '#src/errors.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import { readBounded } from '#src/ports/read-bounded.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'
import { type JsonBounds, mustBeWithin } from '#src/protocol/json-bounds.ts'

export interface DidSource {
  /** The document; undefined if the DID is unknown or tombstoned. Throws 502 if that cannot be determined. */
  resolve(did: string): Promise<DidDocument | undefined>
}

export interface DidResolver extends DidSource {
  /**
   * Resolves without the cache; later calls of `resolve` return nothing older. With `isLimited`, for refreshes that any
   * caller can cause, at most once in some seconds for each DID, and as `resolve` in between.
   */
  refresh(did: string, options?: { isLimited?: boolean }): Promise<DidDocument | undefined>
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
const didWeb = /^did:web:[a-zA-Z0-9.-]{1,253}(%3[Aa]\d{1,5})?$/

/** Ten times what the PLC directory accepts in an operation. */
export const MAX_DOCUMENT_BYTES = 64 * 1024
/**
 * An answer with the document is serialized by recursion, and the package needs up to 0.2 ms for each invalid service, in
 * the main thread. The documents of PLC have some 30 values.
 */
const documentBounds: JsonBounds = {
  depth: 32,
  values: 2000,
  items: 200,
  letters: MAX_DOCUMENT_BYTES,
}

/**
 * Fetches documents of up to 64 KiB and 2,000 values with @atproto/identity: did:plc from the PLC directory; did:web over HTTPS, and over
 * HTTP for `localhost`, which `webFetch` may refuse. Other methods are unknown.
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
        const document = await (isPlc ? plc : web).resolveNoCache(did)
        return document ?? undefined
      } catch {
        throw new XrpcError(502, 'UpstreamFailure', `Could not fetch the document of ${did}`)
      }
    },
  }
}

/**
 * Rejects responses that are long or have too much in them, and failed ones except 404: the package would take an outage
 * of a host for the end of its DID.
 */
function conclusive(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (response.ok) {
      const text = await readBounded(response, MAX_DOCUMENT_BYTES)
      mustBeWithin(JSON.parse(text), documentBounds)
      return new Response(text)
    }
    await response.body?.cancel()
    // Gone: a tombstone of the PLC directory.
    const { status } = response
    if (status === 404 || status === 410) return new Response(null, { status: 404 })
    throw new Error(`status ${status}`)
  }
}
