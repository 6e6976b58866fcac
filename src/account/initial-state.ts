/** What a new account is made of when it first wakes; until then the directory keeps it. */

export interface InitialState {
  handle: string
  email: string
  /** Null for an account without a password, which came from elsewhere. */
  passwordHash: string | null
  /** Sealed by the keychain in the context of the account's DID. */
  signingKey: Uint8Array
  /** did:key of its public half. */
  signingKeyDid: string
  /** Of the refresh token that was given when the account was created. */
  tokenId: string
  /** ISO text. */
  createdAt: string
  /** An account that comes from elsewhere is deactivated until its DID points here. */
  status: 'active' | 'deactivated'
  /** ISO text: when it is deleted unless it was activated. */
  deleteAfter: string | null
}
