/** Fetches a repo and verifies its blocks, its tree, and its signature. */
import { buffer } from 'node:stream/consumers'
import type { DidDocument } from '@atproto/identity'
import type { ServerClient } from '#src/cli/server-client.ts'

interface VerifiedRepo {
  rev: string
  commit: string
  signingKey: string
  records: number
  bytes: number
  document: DidDocument | undefined
}

interface Commit {
  cid: string
  rev: string
}

/** `key`: a did:key; by default that of the DID document. Throws if the repo is invalid, or is not the server's newest. */
export async function verifyRepo(
  server: ServerClient,
  did: string,
  options: {
    key?: string | undefined
    onBytes?: (stream: ReadableStream<Uint8Array>) => AsyncIterable<Uint8Array>
  } = {},
): Promise<VerifiedRepo> {
  const { didDoc: document } = await server.get<{ didDoc?: DidDocument }>(
    'com.atproto.identity.resolveDid',
    { did },
  )
  // Loaded on demand, because they load slowly and few commands need them.
  const { getKey } = await import('@atproto/identity')
  const { verifyRepoCar } = await import('@atproto/repo')
  const key = options.key ?? (document && getKey(document))
  if (key === undefined) throw new Error(`the DID document of ${did} has no signing key`)
  const before = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
  const stream = await server.bytes('com.atproto.sync.getRepo', { did })
  const car = await buffer(options.onBytes?.(stream) ?? stream)
  const { commit, creates } = await verifyRepoCar(car, did, key).catch((error: Error) => {
    throw new Error(`repo of ${did} is invalid: ${error.message}`)
  })
  const after = await server.get<Commit>('com.atproto.sync.getLatestCommit', { did })
  if (commit.rev < before.rev || commit.rev > after.rev) {
    throw new Error(`getRepo returned rev ${commit.rev}, getLatestCommit ${after.rev}`)
  }
  return {
    ...{ rev: commit.rev, commit: commit.cid.toString(), signingKey: key },
    ...{ records: creates.length, bytes: car.length, document },
  }
}
