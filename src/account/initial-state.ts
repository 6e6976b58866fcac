/** The initial state of a new account, which the directory stores until the account's actor has provisioned it. */

export interface InitialState {
  handle: string
  /** Null if the admin created the account without one. */
  email: string | null
  /** Null if the account has no password: it is migrating from another server. */
  passwordHash: string | null
  /** Sealed by the keychain with the account's DID as context. */
  signingKey: Uint8Array
  signingKeyDid: string
  /** Id of the refresh token that createAccount returned. */
  tokenId: string
  createdAt: string
  status: 'active' | 'deactivated'
  /** ISO 8601; the account is deleted then unless it has been activated. */
  deleteAfter: string | null
}
