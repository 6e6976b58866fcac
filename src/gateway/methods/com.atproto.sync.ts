/** com.atproto.sync: repos, blobs and listings for relays and other readers. */
import type { Reader } from '#src/account/access.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import { blobResponse, notModified } from '#src/gateway/methods/blob-response.ts'
import { exportCar, exporterOf } from '#src/gateway/methods/export-car.ts'
import { openBlob } from '#src/gateway/methods/open-blob.ts'
import { findSleepingRepo } from '#src/gateway/methods/sleeping-repo.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as sync from '#src/protocol/lexicons/com/atproto/sync.ts'
import { formatAccountStatus, mustServe, mustShow } from '#src/rules/states.ts'
import type { RepoHead } from '#src/sequencer/heads.ts'

/** Reads of one repo: the account itself and the admin may read it in any state. */
const repoRead = {
  auth: 'reader',
  oauth: 'any',
  of: ({ params }: { params: { did: string } }) => params.did,
} as const

/** Reads that are also open to a taken-down account, so that it can migrate. */
const migrationRead = { ...repoRead, auth: 'reader or takendown' } as const

export const getLatestCommit = method(sync.getLatestCommit, {
  ...repoRead,
  run: async ({ account, did, caller, server }) => {
    const reader = readerOf(caller, did)
    const head = await sleepingHead(server, did, reader)
    if (head === undefined) return account.sync.getLatestCommit(reader)
    return { cid: head.head, rev: head.rev }
  },
})

export const getHead = method(sync.getHead, {
  ...repoRead,
  run: async ({ account, did, caller, server }) => {
    const reader = readerOf(caller, did)
    const head = await sleepingHead(server, did, reader)
    return head === undefined ? account.sync.getHead(reader) : { root: head.head }
  },
})

export const getRepoStatus = method(sync.getRepoStatus, {
  auth: 'none',
  of: ({ params }) => params.did,
  run: async ({ account, did, server: { dispatch } }) => {
    const repo = await findSleepingRepo(dispatch, did)
    if (repo === undefined) return account.sync.getRepoStatus()
    mustShow(repo.status, did)
    if (repo.status === 'active') return { did, active: true, rev: repo.head.rev }
    return { did, ...formatAccountStatus(repo.status) }
  },
})

export const getBlocks = method(sync.getBlocks, {
  ...repoRead,
  // Clients of the Tempest PDS send `cids[]=`.
  looseParams: true,
  run: ({ account, did, caller, params: { cids } }) =>
    account.sync.getBlocks({ cids }, readerOf(caller, did)),
})

export const getRecord = method(sync.getRecord, {
  ...repoRead,
  run: ({ account, did, caller, params: { collection, rkey } }) =>
    account.sync.getRecord({ collection, rkey }, readerOf(caller, did)),
})

export const getRepo = method(sync.getRepo, {
  ...migrationRead,
  run: ({ account, did, caller, params: { since }, request, incoming, server }) => {
    const input = { ...(since !== undefined && { since }), from: exporterOf(server, incoming) }
    return exportRepo(account, input, readerOf(caller, did), request)
  },
})

export const getCheckout = method(sync.getCheckout, {
  ...repoRead,
  run: ({ account, did, caller, request, incoming, server }) =>
    exportRepo(account, { from: exporterOf(server, incoming) }, readerOf(caller, did), request),
})

export const getBlob = method(sync.getBlob, {
  ...migrationRead,
  run: async ({ account, did, caller, params: { cid }, request, server }) => {
    const found = await account.blob.find({ cid }, readerOf(caller, did))
    const given = { cid, mimeType: found.mimeType, request }
    const unchanged = notModified(given)
    if (unchanged !== undefined) return unchanged
    const blob = await openBlob(server.blobs, did, { cid, ...found })
    if (blob === undefined) throw invalidRequest('Blob not found', 'BlobNotFound')
    return blobResponse(blob, given)
  },
})

export const listBlobs = method(sync.listBlobs, {
  ...migrationRead,
  run: ({ account, did, caller, params: { did: _, ...params } }) =>
    account.blob.list(params, readerOf(caller, did)),
})

export const listRepos = method(sync.listRepos, {
  auth: 'none',
  run: async ({ params, server: { dispatch } }) => {
    const { accounts, cursor } = await dispatch.directory.accounts.list(params)
    const heads = await dispatch.sequencer.heads.of({ dids: accounts.map(({ did }) => did) })
    const repos = accounts.flatMap(({ did, status }) => {
      const head = heads[did]
      // Repos without a head are omitted: their first commit has not been sequenced yet.
      if (head === undefined) return []
      const active = status === 'active'
      return { did, head: head.head, rev: head.rev, active, ...(active ? {} : { status }) }
    })
    return { ...(cursor !== undefined && { cursor }), repos }
  },
})

/**
 * Methods of a relay, which here do as in the Tempest PDS: if `hostname` is this server, the relays in PDS_CRAWLERS are
 * asked to crawl it, for the admin at once, for others at most as often as after writes.
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
    const requested = input.hostname.toLowerCase()
    if (requested !== hostname && requested !== new URL(publicUrl).host) {
      throw invalidRequest(`This server hosts ${hostname} only`)
    }
    if (caller !== undefined && 'admin' in caller) await server.crawlers.request()
    else server.crawlers.notify()
    return { json: '{}' }
  },
} as const

export const requestCrawl = method(sync.requestCrawl, crawl)

export const notifyOfUpdate = method(sync.notifyOfUpdate, crawl)

/**
 * The head of a repo whose account sleeps. Undefined if the account is to be asked: also for its own and the admin's
 * reads of a repo that is not public, whose head may not be in the log. Throws as `mustServe`.
 */
async function sleepingHead(
  { dispatch }: ServerContext,
  did: string,
  reader: Reader,
): Promise<RepoHead | undefined> {
  const repo = await findSleepingRepo(dispatch, did)
  if (repo?.status === 'active') return repo.head
  if (repo !== undefined && reader === 'anyone') mustServe(repo.status, did)
  return undefined
}

function readerOf(caller: Callers['reader'], did: string): Reader {
  if (caller === undefined) return 'anyone'
  if ('admin' in caller) return 'admin'
  return caller.did === did ? 'self' : 'anyone'
}

/** The answer to HEAD has no body that could be read to its end. */
async function exportRepo(
  account: RemoteAccount,
  input: { since?: string; from: string | undefined },
  reader: Reader,
  { method: verb }: Request,
): Promise<AsyncIterable<Uint8Array>> {
  const car = await exportCar(account, input, reader)
  if (verb === 'HEAD') await car.return()
  return car
}
