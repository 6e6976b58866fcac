/** Resolves permission sets (lexicons) by NSID: over DNS, from remote repos and from those of this server. */

import { parseCid } from '@atproto/lex-data'
import { jsonToLex } from '@atproto/lex-json'
import type { LexResolver } from '@atproto/oauth-provider/provider'

export interface LexiconPorts {
  /** With SSRF protection: the URLs are chosen by others. */
  fetch: typeof globalThis.fetch
  plcUrl: string
  /** The DID that publishes all lexicons, instead of those in DNS. */
  authorityDid: string | undefined
  /** A record of an account of this server (a server often cannot reach itself over the network); else undefined. */
  findLocal(
    did: string,
    path: { collection: string; rkey: string },
  ): Promise<LocalRecord | undefined>
}

export interface LocalRecord {
  cid: string
  json: unknown
}

const COLLECTION = 'com.atproto.lexicon.schema'

/** Create it on first use: it loads a large library. */
export async function createLexResolver(ports: LexiconPorts): Promise<LexResolver> {
  const { LexResolver } = await import('@atproto/oauth-provider/provider')
  const { fetch, plcUrl, authorityDid, findLocal } = ports
  return new LexResolver({
    fetch,
    plcDirectoryUrl: plcUrl,
    hooks: {
      onResolveAuthority: () => authorityDid as `did:plc:${string}` | undefined,
      async onFetch({ did, nsid }) {
        const local = await findLocal(did, { collection: COLLECTION, rkey: nsid.toString() })
        if (local === undefined) return undefined
        return { cid: parseCid(local.cid), record: jsonToLex(local.json as never) as never }
      },
    },
  })
}
