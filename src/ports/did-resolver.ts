/** From a DID to its document, as it is published. */
import { XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { type DidDocument, parseDidDocument } from '#src/protocol/did-document.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

export interface DidSource {
  /** The document; undefined where the DID is unknown or ended. Throws 502 where nobody can tell. */
  resolve(did: string): Promise<DidDocument | undefined>
}

export interface DidResolver extends DidSource {
  /** The same, asked for anew: whoever resolves from here on gets nothing older. */
  refresh(did: string): Promise<DidDocument | undefined>
}

/** Resolves did:plc from the operations of a PLC directory. Other methods are unknown to it. */
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
 * Resolves did:web from the host it names, over HTTPS; over HTTP for `localhost`, which `fetch` may refuse. `fetch`
 * bounds time and size. DIDs with a path are none of atproto's.
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

/** Where the document of a did:web is; undefined where the DID has a path or is none. */
function didWebUrl(did: string): URL | undefined {
  const [, host, port] = /^did:web:([a-zA-Z0-9.-]+)(?:%3[Aa](\d{1,5}))?$/.exec(did) ?? []
  if (host === undefined) return undefined
  const scheme = host === 'localhost' ? 'http' : 'https'
  const place = port === undefined ? host : `${host}:${port}`
  return URL.parse(`${scheme}://${place}/.well-known/did.json`) ?? undefined
}

/** Asks the source of a DID's method; all other methods are unknown. */
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
  /** When it was asked for, in ms, and the how many-eth question that was. */
  asked: number
  question: number
}

/** As the reference: an hour, and a day. */
const STALE_MS = 60 * 60_000
const MAX_AGE_MS = 24 * STALE_MS

/**
 * Keeps the `maxEntries` documents used last. For `staleMs` one is as good as new; until `maxAgeMs` it is given out while a
 * newer one is fetched behind the answer; then nobody gets it any more.
 */
export function cachedResolver(
  inner: DidSource,
  options: { clock: Clock; staleMs?: number; maxAgeMs?: number; maxEntries?: number },
): DidResolver {
  const { clock, staleMs = STALE_MS, maxAgeMs = MAX_AGE_MS, maxEntries = 10_000 } = options
  const kept = new BoundedMap<string, CachedDocument>(maxEntries)
  const asking = new Map<string, Promise<DidDocument | undefined>>()
  let questions = 0

  async function ask(did: string): Promise<DidDocument | undefined> {
    const question = ++questions
    const asked = clock.now()
    const document = await inner.resolve(did)
    // An answer to an earlier question says nothing against one to a later question.
    if ((kept.get(did)?.question ?? 0) > question) return document
    kept.delete(did)
    if (document === undefined) return undefined
    kept.set(did, { document, asked, question })
    return document
  }

  /** Many who ask at once share one question. */
  function askOnce(did: string): Promise<DidDocument | undefined> {
    const going = asking.get(did)
    if (going !== undefined) return going
    const question = ask(did).finally(() => {
      if (asking.get(did) === question) asking.delete(did)
    })
    asking.set(did, question)
    return question
  }

  return {
    async resolve(did) {
      const known = kept.get(did)
      const age = known === undefined ? maxAgeMs : clock.now() - known.asked
      if (known === undefined || age >= maxAgeMs) return askOnce(did)
      kept.set(did, known)
      if (age >= staleMs) void askOnce(did).catch(() => {})
      return known.document
    },
    refresh(did) {
      // What is being asked already may have been answered before the change that is to be seen.
      asking.delete(did)
      return askOnce(did)
    },
  }
}
