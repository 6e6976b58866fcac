/** com.atproto.repo: writing records, and reading them one by one or in lists. */
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import * as repo from '#src/protocol/lexicons/com/atproto/repo.ts'
import { type AccountCaller, method } from '#src/xrpc/method.ts'

/** What all writes have in common: an account writes to its own repo, named by DID or handle. */
const own = {
  auth: 'account',
  of: ({ input }: { input: { repo: string } }) => input.repo,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
  allow: ({ caller, did }: { caller: AccountCaller; did: string }) => {
    if (caller.did !== did) throw authRequired('Authentication Required')
  },
} as const

/** Writes bring records: JSON of up to this many bytes. */
const write = { ...own, bodyLimit: 1_000_000 } as const

export const createRecord = method(repo.createRecord, {
  ...write,
  run: ({ account, input: { repo: _, ...input } }) => account.repo.createRecord(input),
})

export const putRecord = method(repo.putRecord, {
  ...write,
  run: ({ account, input: { repo: _, ...input } }) => account.repo.putRecord(input),
})

export const deleteRecord = method(repo.deleteRecord, {
  ...own,
  run: ({ account, input: { repo: _, ...input } }) => account.repo.deleteRecord(input),
})

const MOST_WRITES = 200

export const applyWrites = method(repo.applyWrites, {
  ...write,
  run: ({ account, input: { repo: _, ...input } }) => {
    if (input.writes.length > MOST_WRITES) {
      throw invalidRequest(`Too many writes. Max: ${MOST_WRITES}`)
    }
    return account.repo.applyWrites(input)
  },
})

export const getRecord = method(repo.getRecord, {
  auth: 'none',
  of: ({ params }) => params.repo,
  unknown: () => invalidRequest('Could not locate record'),
  run: ({ account, params: { repo: _, ...params } }) => account.repo.getRecord(params),
})

export const listRecords = method(repo.listRecords, {
  auth: 'none',
  of: ({ params }) => params.repo,
  unknown: (name) => invalidRequest(`Could not find repo: ${name}`),
  run: ({ account, params: { repo: _, ...params } }) => account.repo.listRecords(params),
})

export const describeRepo = method(repo.describeRepo, {
  auth: 'none',
  of: ({ params }) => params.repo,
  run: async ({ account, did, server }) => {
    const [description, didDoc] = await Promise.all([
      account.repo.describeRepo(),
      server.resolver.resolve(did),
    ])
    if (didDoc === undefined) throw invalidRequest(`Could not resolve DID: ${did}`)
    const handleIsCorrect = claimedHandle(didDoc) === description.handle
    return { ...description, didDoc, handleIsCorrect }
  },
})
