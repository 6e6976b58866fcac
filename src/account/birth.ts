/** What a new account is made of when it first wakes; until then the directory keeps it. */

export interface Birth {
  handle: string
  email: string
  passwordHash: string
  /** Sealed by the keychain in the context of the account's DID. */
  signingKey: Uint8Array
  /** did:key of its public half. */
  signingKeyDid: string
  /** Of the refresh token that was given when the account was created. */
  tokenId: string
  /** ISO text. */
  createdAt: string
}
