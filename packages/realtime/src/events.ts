/** The events of an account, by kind, with the fields that the server sends. */

interface Event {
  /** Rises from event to event, is the same for every client, and is what a cursor holds. */
  seq: number
  did: string
  /** ISO 8601. */
  time: string
}

/** `Value` is what the app takes its records to be, such as a type made from their lexicon; nothing checks them. */
export interface CommitEvent<Value = Record<string, unknown>> extends Event {
  type: 'commit'
  rev: string
  operation: 'create' | 'update' | 'delete'
  collection: string
  rkey: string
  /** Both absent if the record was deleted. */
  cid?: string
  record?: Value
}

export interface IdentityEvent extends Event {
  type: 'identity'
  handle?: string
}

export interface AccountEvent extends Event {
  type: 'account'
  active: boolean
  status?: string
}

/** The repo was replaced as a whole: read again what was read of it. */
export interface SyncEvent extends Event {
  type: 'sync'
  rev: string
}

export interface BlobEvent extends Event {
  type: 'blob'
  cid: string
  mimeType: string
  size: number
  change: 'deleted' | 'takendown' | 'restored'
}

/** The `$type`s of the preferences that changed; their contents are read from the account. */
export interface PreferencesEvent extends Event {
  type: 'preferences'
  names: string[]
}

export interface SessionEvent extends Event {
  type: 'session'
  change: 'created' | 'ended'
  kind: string
  name?: string
}

export interface GrantEvent extends Event {
  type: 'grant'
  change: 'created' | 'changed' | 'revoked'
  clientId: string
  scope: string
}

export interface AppPasswordEvent extends Event {
  type: 'appPassword'
  change: 'created' | 'revoked'
  name: string
  privileged: boolean
}

export interface FactorEvent extends Event {
  type: 'factor'
  change: 'added' | 'removed'
  kind: string
}

export interface SecurityEvent extends Event {
  type: 'security'
  kind: string
  detail?: string
}

export interface EmailEvent extends Event {
  type: 'email'
  change: 'changed' | 'confirmed'
}

export interface ModerationEvent extends Event {
  type: 'moderation'
  subject: unknown
  takedown: unknown
}

/** Of a group account. */
export interface MemberEvent extends Event {
  type: 'member'
  change: 'added' | 'changed' | 'removed'
  /** DID of the member. */
  member: string
  role: string
  /** What the role allows, as OAuth scopes; absent if the member was removed. */
  scope?: string
  /** Of the membership, if it has an end. */
  expiresAt?: string
}

export interface EventOfKind {
  commit: CommitEvent
  identity: IdentityEvent
  account: AccountEvent
  sync: SyncEvent
  blob: BlobEvent
  preferences: PreferencesEvent
  session: SessionEvent
  grant: GrantEvent
  appPassword: AppPasswordEvent
  factor: FactorEvent
  security: SecurityEvent
  email: EmailEvent
  moderation: ModerationEvent
  member: MemberEvent
}

export type Kind = keyof EventOfKind

/** Newer servers send kinds that are not listed here; `events()` passes them on. */
export type RealtimeEvent = EventOfKind[Kind]

export interface Gap {
  /** The cursor that the server was asked for, and the first that it still has. */
  from: number
  to: number
}

/**
 * `connecting`, then `replaying` what was missed, then `live`; `offline` until the next attempt; `ended` for good, since
 * the session has ended or the server refuses it.
 */
export type Status = 'connecting' | 'replaying' | 'live' | 'offline' | 'ended'
