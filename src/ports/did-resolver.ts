/** Resolves DIDs to their published documents. */
import { XrpcError } from '#src/errors.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import { readBounded } from '#src/ports/read-bounded.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'

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
/** Of an answer with the document, which is serialized by recursion. */
const MAX_DEPTH = 32

/**
 * Fetches documents of up to 64 KiB with @atproto/identity: did:plc from the PLC directory; did:web over HTTPS, and over
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
        checkDepth(document, 0)
        return document ?? undefined
      } catch {
        throw new XrpcError(502, 'UpstreamFailure', `Could not fetch the document of ${did}`)
      }
    },
  }
}

/**
 * Rejects long responses, and failed ones except 404: the package would take an outage of a host for the end of its DID.
 */
function conclusive(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (response.ok) return new Response(await readBounded(response, MAX_DOCUMENT_BYTES))
    await response.body?.cancel()
    // Gone: a tombstone of the PLC directory.
    const { status } = response
    if (status === 404 || status === 410) return new Response(null, { status: 404 })
    throw new Error(`status ${status}`)
  }
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH) throw new Error('The document is nested too deep')
  for (const item of Object.values(value)) checkDepth(item, depth + 1)
}
