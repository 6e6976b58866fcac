/** The initial state of a new account, which the directory stores until the account's actor has provisioned it. */

export interface InitialState {
  handle: string
  email: string
  /** Null for an account without a password, which is migrating from another server. */
  passwordHash: string | null
  /** Sealed by the keychain with the account's DID as context. */
  signingKey: Uint8Array
  signingKeyDid: string
  /** Id of the refresh token that createAccount returned. */
  tokenId: string
  createdAt: string
  /** An account that migrates in is deactivated until its DID document names this server. */
  status: 'active' | 'deactivated'
  /** ISO 8601: when it is deleted unless it has been activated by then. */
  deleteAfter: string | null
}
