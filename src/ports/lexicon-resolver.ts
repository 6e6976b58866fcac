/** Finding permission sets by their names: in the DNS, in repos elsewhere, and in those of this server. */

import { parseCid } from '@atproto/lex-data'
import { jsonToLex } from '@atproto/lex-json'
import type { LexResolver } from '@atproto/oauth-provider/provider'

export interface LexiconPorts {
  /** The guarded one: the addresses are other people's. */
  fetch: typeof globalThis.fetch
  plcUrl: string
  /** Where all of them are to be found, whatever the DNS says. */
  authorityDid: string | undefined
  /** A record of an account of this server, which a server often cannot ask for over the network; else undefined. */
  findLocal(
    did: string,
    path: { collection: string; rkey: string },
  ): Promise<LocalRecord | undefined>
}

export interface LocalRecord {
  cid: string
  /** The record as JSON. */
  json: unknown
}

const COLLECTION = 'com.atproto.lexicon.schema'

/** Loads much, so it is made when it is first needed. */
export async function createLexResolver(ports: LexiconPorts): Promise<LexResolver> {
  const { LexResolver } = await import('@atproto/oauth-provider/provider')
  const { fetch, plcUrl, authorityDid, findLocal } = ports
  return new LexResolver({
    fetch,
    plcDirectoryUrl: plcUrl,
    hooks: {
      onResolveAuthority: () => authorityDid as `did:plc:${string}` | undefined,
      async onFetch({ did, nsid }) {
        const here = await findLocal(did, { collection: COLLECTION, rkey: nsid.toString() })
        if (here === undefined) return undefined
        return { cid: parseCid(here.cid), record: jsonToLex(here.json as never) as never }
      },
    },
  })
}
