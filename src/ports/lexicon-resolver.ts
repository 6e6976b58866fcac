/** Resolves permission sets (lexicons) by NSID: over DNS, from remote repos and from those of this server; and its own. */

import { cidForLex } from '@atproto/lex-cbor'
import { parseCid } from '@atproto/lex-data'
import { jsonToLex } from '@atproto/lex-json'
import type { LexResolver } from '@atproto/oauth-provider/provider'
import { type JsonBounds, mustBeWithin } from '#src/protocol/json-bounds.ts'
import { ownDocuments } from '#src/protocol/lexicons/own-documents.ts'

export interface LexiconPorts {
  limit: LimitLookup
  /** With SSRF protection: the URLs are chosen by others. */
  fetch: typeof globalThis.fetch
  plcUrl: string
  /** The DID that publishes all lexicons, instead of those in DNS. */
  authorityDid: string | undefined
  /** Of this server: it stands for the publisher of its own lexicons. */
  serviceDid: string
  /** A record of an account of this server (a server often cannot reach itself over the network); else undefined. */
  findLocal(
    did: string,
    path: { collection: string; rkey: string },
  ): Promise<LocalRecord | undefined>
}

/** Runs a lookup, or rejects instead; `fail` makes the error of a lookup that found nothing. */
export type LimitLookup = <T>(work: () => Promise<T>, fail: (cause: unknown) => Error) => Promise<T>

export interface LocalRecord {
  cid: string
  json: unknown
}

/** The library needs up to 0.1 s to validate as many. */
const bounds: JsonBounds = { depth: 16, values: 1000, items: 1000, letters: 8192 }

const COLLECTION = 'com.atproto.lexicon.schema'

const own = new Map<string, object>(ownDocuments.map((document) => [document.id, document]))

/** Create it on first use: it loads a large library. */
export async function createLexResolver(ports: LexiconPorts): Promise<LexResolver> {
  const { LexResolver, LexResolverError } = await import('@atproto/oauth-provider/provider')
  const { fetch, plcUrl, authorityDid, serviceDid, findLocal, limit } = ports

  class BoundedLexResolver extends LexResolver {
    override get(...input: Parameters<LexResolver['get']>): ReturnType<LexResolver['get']> {
      const fail = (cause: unknown) =>
        LexResolverError.from(input[0], 'Too many lookups', { cause })
      return limit(() => super.get(...input), fail)
    }

    protected override async fetchNetworkLexicon(
      ...input: Parameters<LexResolver['fetchNetworkLexicon']>
    ): ReturnType<LexResolver['fetchNetworkLexicon']> {
      const found = await super.fetchNetworkLexicon(...input)
      mustBeWithin(found.record, bounds)
      return found
    }
  }

  return new BoundedLexResolver({
    fetch,
    plcDirectoryUrl: plcUrl,
    hooks: {
      onResolveAuthority: ({ nsid }) =>
        (own.has(nsid.toString()) ? serviceDid : authorityDid) as `did:plc:${string}` | undefined,
      async onFetch({ did, nsid }) {
        const document = own.get(nsid.toString())
        if (document !== undefined) {
          const record = { $type: COLLECTION, ...document } as never
          return { cid: await cidForLex(record), record }
        }
        const local = await findLocal(did, { collection: COLLECTION, rkey: nsid.toString() })
        if (local === undefined) return undefined
        mustBeWithin(local.json, bounds)
        return { cid: parseCid(local.cid), record: jsonToLex(local.json as never) as never }
      },
    },
  })
}
