/** com.atproto.sync: repos as relays and other readers take them. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import * as sync from '#src/protocol/lexicons/com/atproto/sync.ts'
import { type Callers, method } from '#src/xrpc/method.ts'

/** What the reads of one repo have in common: the account itself and the admin see it in any state. */
const read = {
  auth: 'reader',
  of: ({ params }: { params: { did: string } }) => params.did,
} as const

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
  run: ({ account, did, caller, params: { cids } }) =>
    account.sync.getBlocks({ cids }, as(caller, did)),
})

export const getRecord = method(sync.getRecord, {
  ...read,
  run: ({ account, did, caller, params: { collection, rkey } }) =>
    account.sync.getRecord({ collection, rkey }, as(caller, did)),
})

export const getRepo = method(sync.getRepo, {
  ...read,
  run: ({ account, did, caller, params: { did: _, ...params } }) =>
    exported(account, params, as(caller, did)),
})

export const getCheckout = method(sync.getCheckout, {
  ...read,
  run: ({ account, did, caller }) => exported(account, {}, as(caller, did)),
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
  return pages(account, id, await account.sync.readExport(id))
}

/** Reads one page ahead of what has been taken. */
async function* pages(
  account: AccountCalls,
  id: string,
  first: { bytes: Uint8Array; done: boolean },
): AsyncGenerator<Uint8Array> {
  for (let page = first; ; ) {
    const next = page.done ? undefined : account.sync.readExport(id)
    // Whoever stops taking never hears of it.
    next?.catch(() => {})
    yield page.bytes
    if (next === undefined) return
    page = await next
  }
}
