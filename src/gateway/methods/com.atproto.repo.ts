/** com.atproto.repo: record writes and reads, blob uploads and repo imports. */
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import { declaredMediaType } from '#src/gateway/http/media-type.ts'
import type { RawResponse } from '#src/gateway/http/response.ts'
import { repoSigningKeys } from '#src/gateway/identity/repo-signing-keys.ts'
import { clientOf } from '#src/gateway/methods/client-of.ts'
import { importRepo as runImport } from '#src/gateway/methods/import-repo.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { receiveBlob } from '#src/gateway/methods/receive-blob.ts'
import { proxyUnauthenticated } from '#src/gateway/proxy/proxy-unauthenticated.ts'
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { withScopeErrors } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import * as repo from '#src/protocol/lexicons/com/atproto/repo.ts'

const ownRepo = {
  auth: 'account',
  of: ({ input }: { input: { repo: string } }) => input.repo,
  unknown: ownAccount.unknown,
  allow: ({
    caller,
    did,
    server,
  }: {
    caller: AccountCaller
    did: string
    server: ServerContext
  }) => {
    if (caller.did !== did) throw authRequired('Authentication Required')
    server.movedAccounts.mustBeHere(did)
  },
} as const

/** Writes contain records, so the body limit in bytes is higher than the default. */
const recordWrite = { ...ownRepo, bodyLimit: 1_000_000 } as const

export const createRecord = method(repo.createRecord, {
  ...recordWrite,
  oauth: (permissions, { input: { collection } }) =>
    permissions.assertRepo({ action: 'create', collection }),
  run: ({ account, caller, input: { repo: _, ...input } }) =>
    account.repo.createRecord({ ...input, client: clientOf(caller) }),
})

export const putRecord = method(repo.putRecord, {
  ...recordWrite,
  oauth: (permissions, { input: { collection } }) => {
    permissions.assertRepo({ action: 'create', collection })
    permissions.assertRepo({ action: 'update', collection })
  },
  run: ({ account, caller, input: { repo: _, ...input } }) =>
    account.repo.putRecord({ ...input, client: clientOf(caller) }),
})

export const deleteRecord = method(repo.deleteRecord, {
  ...ownRepo,
  oauth: (permissions, { input: { collection } }) =>
    permissions.assertRepo({ action: 'delete', collection }),
  run: ({ account, caller, input: { repo: _, ...input } }) =>
    account.repo.deleteRecord({ ...input, client: clientOf(caller) }),
})

const MAX_WRITES = 200

const actions = ['create', 'update', 'delete'] as const

export const applyWrites = method(repo.applyWrites, {
  ...recordWrite,
  oauth: (permissions, { input: { writes } }) => {
    // Without writes it is still a commit and an event.
    if (writes.length === 0) permissions.assertRepo({ action: 'update', collection: '*' })
    for (const action of actions) {
      const matching = writes.filter(({ $type }) => $type === `${repo.applyWrites.$nsid}#${action}`)
      for (const collection of new Set(matching.map((write) => write.collection))) {
        permissions.assertRepo({ action, collection })
      }
    }
  },
  run: ({ account, caller, input: { repo: _, ...input } }) => {
    if (input.writes.length > MAX_WRITES) {
      throw invalidRequest(`Too many writes. Max: ${MAX_WRITES}`)
    }
    return account.repo.applyWrites({ ...input, client: clientOf(caller) })
  },
})

/** For a repo that is not on this server or not readable: the AppView may have the record. */
async function recordFromAppView(
  { services }: ServerContext,
  request: Request,
): Promise<RawResponse> {
  const response = await proxyUnauthenticated(services, repo.getRecord.$nsid, request)
  if (response === undefined) throw invalidRequest('Could not locate record')
  return response
}

export const getRecord = method(repo.getRecord, {
  auth: 'none',
  of: ({ params }) => params.repo,
  runRemote: ({ server, request }) => recordFromAppView(server, request),
  run: ({ account, params: { repo: _, ...params }, server, request }) =>
    account.repo.getRecord(params).catch((error: unknown) => {
      // InvalidRequest means that the repo cannot be read; a missing record is RecordNotFound.
      if (!(error instanceof XrpcError) || error.error !== 'InvalidRequest') throw error
      return recordFromAppView(server, request)
    }),
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

function declaredType(headers: Headers): string {
  const type = declaredMediaType(headers.get('content-type') ?? undefined)
  return type ?? 'application/octet-stream'
}

/** The scope must allow what the caller declares, and what the bytes are: the type that is stored. */
function mustAllowType(caller: AccountCaller | { did: string }, mime: string): void {
  if (!('permissions' in caller) || caller.permissions === undefined) return
  const { permissions } = caller
  withScopeErrors(() => permissions.assertBlob({ mime }))
}

export const uploadBlob = method(repo.uploadBlob, {
  ...ownAccount,
  auth: 'account or service',
  oauth: (permissions, { request: { headers } }) =>
    permissions.assertBlob({ mime: declaredType(headers) }),
  bodyLimit: ({ service }) => service.blobUploadLimit,
  run: async ({ account, did, caller, input, server: { blobs } }) => {
    const upload = await receiveBlob(blobs, did, input)
    try {
      mustAllowType(caller, upload.mimeType)
      const { mimeType } = await account.blob.add(upload)
      const ref = { $link: upload.cid }
      const blob = { $type: 'blob', ref, mimeType, size: upload.size }
      return { json: JSON.stringify({ blob }) }
    } catch (error) {
      // After a failure with unknown outcome the upload is kept, and deleted when it expires.
      if (error instanceof XrpcError && error.status < 500) {
        await blobs.deleteTemps(did, [upload.key]).catch(() => {})
      }
      throw error
    }
  },
})

export const listMissingBlobs = method(repo.listMissingBlobs, {
  ...ownAccount,
  oauth: 'any',
  auth: 'account',
  run: ({ account, params }) => account.blob.listMissing(params),
})

export const importRepo = method(repo.importRepo, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertAccount({ attr: 'repo', action: 'manage' }),
  auth: 'full account',
  bodyLimit: ({ service }) => service.imports.maxBytes,
  run: async ({ account, did, input, server }) => {
    if (!server.service.imports.accepted) {
      throw invalidRequest('Service is not accepting repo imports')
    }
    await runImport(account.import, input, await repoSigningKeys(server.identity, did))
    return undefined
  },
})
