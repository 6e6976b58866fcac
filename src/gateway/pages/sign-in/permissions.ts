/** The permissions of the scopes that an app asks for, grouped as a user sees them. */
import {
  BlobPermission,
  IncludeScope,
  RepoPermission,
  RpcPermission,
  ScopePermissionsTransition,
} from '@atproto/oauth-scopes'
import { commonScopes } from '#src/rules/scope-coverage.ts'

type Action = 'create' | 'update' | 'delete'

export type Permission =
  | { kind: 'email'; action: 'read' | 'manage' }
  | { kind: 'identity' | 'handle' | 'status' | 'everything' | 'uploads' | 'messages' | 'anyCall' }
  | { kind: 'records'; records: Records }
  | { kind: 'calls'; calls: Calls }
  | { kind: 'set'; nsid: string; title?: string; detail?: string; records: Records; calls: Calls }

/** What may be done with the records of which collection; `*` is any. */
export type Records = { collection: string; actions: Action[] }[]
/** Which methods of which service may be called; `*` is any. */
export type Calls = { service: string; methods: string[] }[]

interface PermissionSet {
  title?: string | undefined
  'title:lang'?: Record<string, string | undefined> | undefined
  detail?: string | undefined
  'detail:lang'?: Record<string, string | undefined> | undefined
}
export type PermissionSets = ReadonlyMap<string, PermissionSet>

/** In the order in which they are shown. */
export function permissionsOf(scope: string, sets: PermissionSets, language: string): Permission[] {
  const all = new ScopePermissionsTransition(scope)
  const found: (Permission | false)[] = [
    emailOf(all),
    all.allowsIdentity({ attr: '*' })
      ? { kind: 'identity' }
      : all.allowsIdentity({ attr: 'handle' }) && { kind: 'handle' },
    all.allowsAccount({ attr: 'status', action: 'manage' }) && { kind: 'status' },
    ...setsOf(scope, sets, language),
    recordsPermission(all),
    hasUploads(all) && { kind: 'uploads' },
    callsPermission(all),
    all.hasTransitionChatBsky && { kind: 'messages' },
  ]
  return found.filter((one) => one !== false)
}

/** Of the scopes that an app asks for, what a role allows: permission sets as what is in them. */
export function withinRole(scope: string, role: string, sets: PermissionSets): string {
  const wanted = scope.split(' ').flatMap((one) => {
    const include = IncludeScope.fromString(one)
    if (include === null) return [one]
    return scopesIn(include, sets)
  })
  return commonScopes(role.split(' '), wanted).join(' ')
}

function emailOf(all: ScopePermissionsTransition): Permission | false {
  const action = (['manage', 'read'] as const).find((one) =>
    all.allowsAccount({ attr: 'email', action: one }),
  )
  return action !== undefined && { kind: 'email', action }
}

function setsOf(scope: string, sets: PermissionSets, language: string): Permission[] {
  return scope.split(' ').flatMap((one): Permission[] => {
    const include = IncludeScope.fromString(one)
    if (include === null) return []
    const set = sets.get(include.nsid)
    const inside = new ScopePermissionsTransition(scopesIn(include, sets))
    const title = set?.['title:lang']?.[language] ?? set?.title
    const detail = set?.['detail:lang']?.[language] ?? set?.detail
    return [
      {
        ...{ kind: 'set', nsid: include.nsid, records: recordsOf(inside), calls: callsOf(inside) },
        ...(title !== undefined && { title }),
        ...(detail !== undefined && { detail }),
      },
    ]
  })
}

function scopesIn(include: IncludeScope, sets: PermissionSets): string[] {
  const set = sets.get(include.nsid)
  return set === undefined ? [] : include.toScopes(set as Parameters<IncludeScope['toScopes']>[0])
}

function recordsPermission(all: ScopePermissionsTransition): Permission | false {
  const isEverything = (['create', 'update', 'delete'] as const).every((action) =>
    all.allowsRepo({ collection: '*', action }),
  )
  if (isEverything || all.allowsAccount({ attr: 'repo', action: 'manage' })) {
    return { kind: 'everything' }
  }
  const records = recordsOf(all)
  return records.length > 0 && { kind: 'records', records }
}

function recordsOf({ scopes }: ScopePermissionsTransition): Records {
  const found = new Map<string, Set<Action>>()
  for (const scope of scopes) {
    const permission = RepoPermission.fromString(scope)
    for (const collection of permission?.collection ?? []) {
      const known = found.get(collection) ?? []
      found.set(collection, new Set([...known, ...(permission?.action ?? [])]))
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([collection, actions]) => ({ collection, actions: [...actions] }))
}

function hasUploads(all: ScopePermissionsTransition): boolean {
  // Part of the permission to change everything.
  if (all.hasTransitionGeneric) return false
  return all.scopes.some((scope) => BlobPermission.fromString(scope) !== null)
}

function callsPermission(all: ScopePermissionsTransition): Permission | false {
  if (all.hasTransitionGeneric) return { kind: 'anyCall' }
  const calls = callsOf(all)
  return calls.length > 0 && { kind: 'calls', calls }
}

function callsOf({ scopes }: ScopePermissionsTransition): Calls {
  const found = new Map<string, Set<string>>()
  for (const scope of scopes) {
    const permission = RpcPermission.fromString(scope)
    if (permission === null) continue
    const { aud, lxm } = permission
    found.set(aud, new Set([...(found.get(aud) ?? []), ...lxm]))
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, methods]) => ({ service, methods: [...methods].sort() }))
}
