/**
 * Which kinds of events a credential may receive: a kind is delivered if and only if the same credential could read the
 * same fact by a query, or on the account page, for which it must be a full session.
 */
import { ScopePermissions, ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { XrpcError } from '#src/errors.ts'
import { groupAudience } from '#src/gateway/group/audience.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import {
  LIST_MEMBERS,
  PUBLISH,
  realtimeAudience,
  WATCH_SECURITY,
} from '#src/protocol/realtime-names.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

/** Of every account of this server, to every authenticated caller: they are on the firehose. */
export const publicKinds = ['commit', 'identity', 'account', 'sync'] as const

/** Of the caller's own account only; the admin receives some of any account. */
export const privateKinds = [
  'blob',
  'preferences',
  'session',
  'grant',
  'appPassword',
  'factor',
  'security',
  'email',
  'moderation',
  'member',
] as const

export type PublicKind = (typeof publicKinds)[number]
export type PrivateKind = (typeof privateKinds)[number]
export type EventKind = PublicKind | PrivateKind

export interface ScopeSettings {
  /** The server's DID, the audience of its own methods. */
  serviceDid: string
  /** The audience of app.bsky.actor.getPreferences; undefined without an AppView: then apps cannot call it. */
  preferencesAudience: string | undefined
}

export interface PrivateFields {
  clientId?: unknown
  names?: unknown
  [field: string]: unknown
}

interface Rule {
  /** Any session, also of an app password; or full sessions only. */
  session: 'any' | 'full'
  /** What an app needs; undefined for never. */
  scope?: (settings: ScopeSettings) => string
  /** Whether an app receives events of itself without the scope. */
  isOfApp?: boolean
  admin?: boolean
  /** Whether every member of a group may read it, whatever its role. */
  ofMembers?: boolean
}

const realtimeScope =
  (nsid: string) =>
  ({ serviceDid }: ScopeSettings) =>
    `rpc:${nsid}?aud=${realtimeAudience(serviceDid)}`

/** On the account page, or with the scope that stands for it. */
const security: Rule = { session: 'full', scope: realtimeScope(WATCH_SECURITY) }

/** The query of each is in docs/design/realtime.md. */
const rules: Record<PrivateKind, Rule> = {
  blob: { session: 'full' },
  preferences: {
    session: 'any',
    scope: ({ preferencesAudience: aud = '*' }) => `rpc:app.bsky.actor.getPreferences?aud=${aud}`,
  },
  session: security,
  grant: { ...security, isOfApp: true },
  appPassword: { ...security, session: 'any' },
  factor: security,
  security,
  email: { session: 'any', scope: () => 'account:email', admin: true },
  moderation: { session: 'full', admin: true },
  member: {
    session: 'full',
    scope: ({ serviceDid }) => `rpc:${LIST_MEMBERS}?aud=${groupAudience(serviceDid)}`,
    ofMembers: true,
  },
}

const PERSONAL_DETAILS = 'app.bsky.actor.defs#personalDetailsPref'

export function isKind(name: string): name is EventKind {
  return isPublic(name) || (privateKinds as readonly string[]).includes(name)
}

export function isPublic(kind: string): kind is PublicKind {
  return (publicKinds as readonly string[]).includes(kind)
}

/** All kinds that the credential may receive of the account `did`; undefined stands for any account. */
export function receivableKinds(
  credential: Credential,
  did: string | undefined,
  settings: ScopeSettings,
): EventKind[] {
  const isMissing = (kind: EventKind) => missingScope(kind, credential, did, settings) !== undefined
  return [...publicKinds, ...privateKinds].filter((kind) => !isMissing(kind))
}

/** Throws 403 ScopeMissing, which names the kind and what it needs. */
export function mustReceive(
  kind: EventKind,
  credential: Credential,
  did: string | undefined,
  settings: ScopeSettings,
): void {
  const scope = missingScope(kind, credential, did, settings)
  if (scope === undefined) return
  throw new XrpcError(403, 'ScopeMissing', `The kind ${kind} needs ${scope}`)
}

/** Undefined if the credential may receive the kind; else what it lacks. */
export function missingScope(
  kind: EventKind,
  credential: Credential,
  did: string | undefined,
  settings: ScopeSettings,
): string | undefined {
  if (isPublic(kind)) return undefined
  const rule = rules[kind]
  if (credential.kind === 'admin') return rule.admin ? undefined : 'a session of the account'
  if (credential.did !== did) return 'a session of that account'
  switch (credential.kind) {
    case 'session':
      return rule.session === 'any' || credential.scope === accessScope
        ? undefined
        : 'a full session'
    case 'app':
      if (rule.isOfApp || hasScope(kind, { scope: credential.scopes }, settings)) return undefined
      return rule.scope?.(settings) ?? 'a full session'
    case 'service':
      return 'a session'
    case 'member':
      return isForMember(kind, credential, settings)
        ? undefined
        : (rule.scope?.(settings) ?? 'a session of the account itself')
  }
}

/**
 * Kinds that a member may receive with some role: which of them it receives is seen with each event, so that a change of
 * its role counts at once.
 */
export function kindsOfMembers(): EventKind[] {
  return [...publicKinds, ...privateKinds.filter((kind) => rules[kind].scope !== undefined)]
}

/** What its role allows, and its token, if that is of an app. */
function isForMember(
  kind: PrivateKind,
  { member, scopes }: Credential & { kind: 'member' },
  settings: ScopeSettings,
): boolean {
  const isByRole = rules[kind].ofMembers === true || hasScope(kind, member, settings)
  return isByRole && (scopes === undefined || hasScope(kind, { scope: scopes }, settings))
}

/** The fields of a private event that the credential may see, if it may see any. Its kind is one that it may receive. */
export function visibleFields(
  kind: PrivateKind,
  fields: PrivateFields,
  credential: Credential,
  settings: ScopeSettings,
): PrivateFields | undefined {
  if (kind === 'grant' && credential.kind === 'app') {
    const isOwn = credential.clientId !== undefined && fields.clientId === credential.clientId
    return isOwn || hasScope(kind, { scope: credential.scopes }, settings) ? fields : undefined
  }
  if (kind === 'member') {
    // In an event `did` is the account.
    const { did: member, ...rest } = fields
    return { ...rest, member }
  }
  // As in getPreferences, personal details are for full sessions.
  const isFull = credential.kind === 'session' && credential.scope === accessScope
  if (kind === 'preferences' && !isFull && Array.isArray(fields.names)) {
    const names = fields.names.filter((name) => name !== PERSONAL_DETAILS)
    return names.length === 0 ? undefined : { ...fields, names }
  }
  return fields
}

/** Whether the credential may publish in channels as its account. Throws 403 ScopeMissing. */
export function mustPublish(credential: Credential, { serviceDid }: ScopeSettings): void {
  if (credential.kind === 'admin') throw new XrpcError(403, 'ScopeMissing', 'An account is needed')
  if (credential.kind !== 'app' && credential.kind !== 'member') return
  const aud = realtimeAudience(serviceDid)
  const { scopes } = credential
  const all = credential.kind === 'member' ? [credential.member.scope, scopes] : [scopes]
  const allows = (one = '') => permissionsOf(one).allowsRpc({ aud, lxm: PUBLISH })
  if (all.every((one) => one === undefined || allows(one))) return
  throw new XrpcError(403, 'ScopeMissing', `Channels need rpc:${PUBLISH}?aud=${aud}`)
}

function hasScope(
  kind: PrivateKind,
  { scope: scopes }: { scope: string },
  { serviceDid, preferencesAudience }: ScopeSettings,
): boolean {
  if (kind === 'email') {
    return permissionsOf(scopes).allowsAccount({ attr: 'email', action: 'read' })
  }
  if (kind === 'preferences') {
    if (preferencesAudience === undefined) return false
    const lxm = 'app.bsky.actor.getPreferences'
    return permissionsOf(scopes).allowsRpc({ aud: preferencesAudience, lxm })
  }
  if (rules[kind].scope === undefined) return false
  // Not by a transitional scope, which stands for what app passwords may do.
  if (kind === 'member') {
    const aud = groupAudience(serviceDid)
    return new ScopePermissions(scopes).allowsRpc({ aud, lxm: LIST_MEMBERS })
  }
  const aud = realtimeAudience(serviceDid)
  return new ScopePermissions(scopes).allowsRpc({ aud, lxm: WATCH_SECURITY })
}

const known = new BoundedMap<string, ScopePermissionsTransition>(1000)

function permissionsOf(scopes: string): ScopePermissionsTransition {
  const found = known.get(scopes) ?? new ScopePermissionsTransition(scopes)
  known.set(scopes, found)
  return found
}
