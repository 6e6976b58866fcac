/** com.atproto.sync: repos as relays and other readers take them. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import { blobResponse } from '#src/gateway/methods/blob-response.ts'
import { openBlob } from '#src/gateway/methods/open-blob.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as sync from '#src/protocol/lexicons/com/atproto/sync.ts'

/** What the reads of one repo have in common: the account itself and the admin see it in any state. */
const read = {
  auth: 'reader',
  oauth: 'any',
  of: ({ params }: { params: { did: string } }) => params.did,
} as const

/** What an account that was taken down may still take with it. */
const takeAway = { ...read, auth: 'reader or takendown' } as const

export const getLatestCommit = method(sync.getLatestCommit, {
  ...read,
  run: ({ account, did, caller }) => account.sync.getLatestCommit(as(caller, did)),
})

export const getHead = method(sync.getHead, {
  ...read,
  run: ({ account, did, caller }) => account.sync.getHead(as(caller, did)),
})

export const getRepoStatus = method(sync.getRepoStatus, {
  auth: 'none',
  of: ({ params }) => params.did,
  run: ({ account }) => account.sync.getRepoStatus(),
})

export const getBlocks = method(sync.getBlocks, {
  ...read,
  // Tempest's clients say cids[]=.
  looseParams: true,
  run: ({ account, did, caller, params: { cids } }) =>
    account.sync.getBlocks({ cids }, as(caller, did)),
})

export const getRecord = method(sync.getRecord, {
  ...read,
  run: ({ account, did, caller, params: { collection, rkey } }) =>
    account.sync.getRecord({ collection, rkey }, as(caller, did)),
})

export const getRepo = method(sync.getRepo, {
  ...takeAway,
  run: ({ account, did, caller, params: { did: _, ...params } }) =>
    exported(account, params, as(caller, did)),
})

export const getCheckout = method(sync.getCheckout, {
  ...read,
  run: ({ account, did, caller }) => exported(account, {}, as(caller, did)),
})

export const getBlob = method(sync.getBlob, {
  ...takeAway,
  run: async ({ account, did, caller, params: { cid }, request, server }) => {
    const found = await account.blob.find({ cid }, as(caller, did))
    const blob = await openBlob(server.blobs, did, { cid, ...found })
    if (blob === undefined) throw invalidRequest('Blob not found', 'BlobNotFound')
    return blobResponse(blob, { cid, mimeType: found.mimeType, isHead: request.method === 'HEAD' })
  },
})

export const listBlobs = method(sync.listBlobs, {
  ...takeAway,
  run: ({ account, did, caller, params: { did: _, ...params } }) =>
    account.blob.list(params, as(caller, did)),
})

export const listRepos = method(sync.listRepos, {
  auth: 'none',
  run: async ({ params, server: { dispatch } }) => {
    const { accounts, cursor } = await dispatch.directory.accounts.list(params)
    const heads = await dispatch.sequencer.heads.of({ dids: accounts.map(({ did }) => did) })
    const repos = accounts.flatMap(({ did, status }) => {
      const head = heads[did]
      // What has no head yet has not been announced: its first commit is on its way to the log.
      if (head === undefined) return []
      const active = status === 'active'
      return { did, head: head.head, rev: head.rev, active, ...(active ? {} : { status }) }
    })
    return { ...(cursor !== undefined && { cursor }), repos }
  },
})

/**
 * A relay's methods. Here they are what Tempest makes of them: whoever calls for a crawl of this very server is heard,
 * and the relays of the operator are asked, no oftener than after a write; by the admin at once.
 */
const crawl = {
  auth: 'reader',
  oauth: 'any',
  run: async ({
    input,
    caller,
    server,
  }: {
    input: { hostname: string }
    caller: Callers['reader']
    server: ServerContext
  }) => {
    const { hostname, publicUrl } = server.service
    const asked = input.hostname.toLowerCase()
    if (asked !== hostname && asked !== new URL(publicUrl).host) {
      throw invalidRequest(`This server hosts ${hostname} only`)
    }
    if (caller !== undefined && 'admin' in caller) await server.crawlers.request()
    else server.crawlers.notify()
    return { json: '{}' }
  },
} as const

export const requestCrawl = method(sync.requestCrawl, crawl)

export const notifyOfUpdate = method(sync.notifyOfUpdate, crawl)

function as(caller: Callers['reader'], did: string): 'anyone' | 'self' | 'admin' {
  if (caller === undefined) return 'anyone'
  if ('admin' in caller) return 'admin'
  return caller.did === did ? 'self' : 'anyone'
}

type AccountCalls = ReturnType<Dispatch['account']>

/** The pages of a repo's CAR. The first is there when this resolves, so that what is refused is refused cleanly. */
async function exported(
  account: AccountCalls,
  params: { since?: string },
  reader: 'anyone' | 'self' | 'admin',
): Promise<AsyncIterable<Uint8Array>> {
  const { id } = await account.sync.openExport(params, reader)
  return pages(account, id, await account.sync.readExport({ id, n: 0 }))
}

/** Reads one page ahead of what has been taken. */
async function* pages(
  account: AccountCalls,
  id: string,
  first: { bytes: Uint8Array; done: boolean },
): AsyncGenerator<Uint8Array> {
  for (let [page, n] = [first, 1]; ; n++) {
    const next = page.done ? undefined : account.sync.readExport({ id, n })
    // Whoever stops taking never hears of it.
    next?.catch(() => {})
    yield page.bytes
    if (next === undefined) return
    page = await next
  }
}
