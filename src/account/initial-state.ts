/** The initial state of a new account, which the directory stores until the account's actor has provisioned it. */
import type { TenantHistory } from '#src/account/history-window.ts'
import type { ManageFlag } from '#src/rules/group-roles.ts'

/** A JSON value, for the first commit. */
export interface NewRecord {
  collection: string
  rkey: string
  value: unknown
}

/** What a group account is created with. The gateway has checked it. */
export interface GroupState {
  /** DID of who creates it. */
  creator: string
  /** The creator, as owner, too. */
  members: readonly { did: string; role: string; kind: 'person' | 'service' }[]
  /** Besides the built-in ones. */
  roles: readonly { name: string; scope: string; manage: readonly ManageFlag[] }[]
  records: readonly NewRecord[]
}

export interface InitialState {
  handle: string
  /** Null if the admin created the account without one. */
  email: string | null
  /** Null if the account has no password: it is migrating from another server. */
  passwordHash: string | null
  /** Sealed by the keychain with the account's DID as context. */
  signingKey: Uint8Array
  signingKeyDid: string
  /** Id of the refresh token that createAccount returned; null if no session begins with the account. */
  tokenId: string | null
  createdAt: string
  /** The tenant that the account belongs to, if any. */
  tenant?: string
  /** What the tenant has set for the history of its accounts. */
  history?: TenantHistory
  status: 'active' | 'deactivated'
  /** If the account is a group from the beginning: then no session begins with it. */
  group?: GroupState | undefined
  /** Of an account that is no group, for its first commit. */
  records?: readonly NewRecord[] | undefined
  /** ISO 8601; the account is deleted then unless it has been activated. */
  deleteAfter: string | null
}
