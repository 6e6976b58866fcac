/** dev.headwater.history: reading and restoring earlier states of an account's repo, for the account and members with the flag. */
import { AtUri } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'
import { ExportStream } from '#src/gateway/methods/export-car.ts'
import { aboutGroup, byOf, mayCall, onGroup } from '#src/gateway/methods/group-methods.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const unknown = (name: string) =>
  invalidRequest(`There is no such account here: ${name}`, 'NotFound')

/** App passwords are refused: much of the past was deleted on purpose. */
const about = { ...aboutGroup, auth: 'full principal', unknown } as const
const on = { ...onGroup, unknown } as const

export const listCommits = method(history.listCommits, {
  ...about,
  oauth: mayCall(history.listCommits),
  run: (call) => {
    const { account: _, ...query } = call.params
    return call.account.history.listCommits({ by: byOf(call), ...query })
  },
})

export const getDiff = method(history.getDiff, {
  ...about,
  oauth: mayCall(history.getDiff),
  run: (call) => {
    const { account: _, ...query } = call.params
    return call.account.history.getDiff({ by: byOf(call), ...query })
  },
})

export const getRecordVersions = method(history.getRecordVersions, {
  ...about,
  oauth: mayCall(history.getRecordVersions),
  run: (call) => {
    const { account: _, ...query } = call.params
    return call.account.history.getRecordVersions({ by: byOf(call), ...query })
  },
})

export const getRepo = method(history.getRepo, {
  ...about,
  oauth: mayCall(history.getRepo),
  run: async (call) => {
    const { at } = call.params
    const { id, first } = await call.account.history.openExport({ by: byOf(call), at })
    const car = new ExportStream(call.account, id, first)
    if (call.request.method === 'HEAD') await car.return()
    return car
  },
})

export const getRestore = method(history.getRestore, {
  ...about,
  oauth: mayCall(history.getRestore),
  run: (call) => call.account.history.getRestore({ by: byOf(call) }),
})

export const getSettings = method(history.getSettings, {
  ...about,
  oauth: mayCall(history.getSettings),
  run: (call) => call.account.history.getSettings({ by: byOf(call) }),
})

export const putSettings = method(history.putSettings, {
  ...on,
  oauth: mayCall(history.putSettings),
  run: async (call) => {
    const by = byOf(call)
    await call.account.history.putSettings({ by, days: call.input.days ?? null })
    return call.account.history.getSettings({ by })
  },
})

const writes = ['create', 'update', 'delete'] as const

/** An app may restore only where it may also write. Throws ScopeMissingError. */
function mustMayWrite(permissions: Permissions, collections: Iterable<string>): void {
  for (const collection of new Set(collections)) {
    for (const action of writes) permissions.assertRepo({ action, collection })
  }
}

export const restoreRecords = method(history.restoreRecords, {
  ...on,
  oauth: (permissions, call) => {
    mayCall(history.restoreRecords)(permissions, call)
    mustMayWrite(
      permissions,
      call.input.uris.map((uri) => new AtUri(uri).collection),
    )
  },
  run: (call) => {
    const { at, uris } = call.input
    const paths = uris.map((uri) => pathIn(call.did, uri))
    return call.account.history.restoreRecords({ by: byOf(call), at, paths })
  },
})

/** Throws 400 for a record of another account. */
function pathIn(did: string, uri: string): string {
  const { hostname, collection, rkey } = new AtUri(uri)
  if (hostname !== did || collection === '' || rkey === '') {
    throw invalidRequest(`Not a record of this account, by its DID: ${uri}`)
  }
  return `${collection}/${rkey}`
}

export const restoreRepo = method(history.restoreRepo, {
  ...on,
  oauth: (permissions, call) => {
    mayCall(history.restoreRepo)(permissions, call)
    mustMayWrite(permissions, call.input.collections ?? ['*'])
  },
  run: (call) => {
    const { at, collections, actor, action, dryRun } = call.input
    const query = { at, collections, actor, action, dryRun }
    return call.account.history.restoreRepo({ by: byOf(call), ...query })
  },
})

export const deleteVersions = method(history.deleteVersions, {
  ...on,
  oauth: mayCall(history.deleteVersions),
  run: async (call) => {
    const { collection, rkey } = call.input
    await call.account.history.deleteVersions({ by: byOf(call), collection, rkey })
    return undefined
  },
})

export const empty = method(history.empty, {
  ...on,
  oauth: mayCall(history.empty),
  run: async (call) => {
    await call.account.history.empty({ by: byOf(call) })
    return undefined
  },
})
