/** The data of an account of the reference PDS, as the takeover passes it to the account's actor. */

export interface TakenOverProfile {
  handle: string
  /** Lower case, as the directory has it. */
  email: string | null
  emailConfirmedAt: string | null
  /** In the reference's format, which is also ours. */
  passwordHash: string | null
  deactivatedAt: string | null
  deleteAfter: string | null
  takedownRef: string | null
  createdAt: string
}

/** `at` is the time of the upload. */
export interface TakenOverBlob {
  cid: string
  mimeType: string
  size: number
  /** Storage key of the upload; null once a record references it. */
  tempKey: string | null
  createdAt: number
  takedownRef: string | null
}

/** The hashes are those of the token index. `data` is JSON, as in `Grant`. */
export interface TakenOverGrant {
  id: string
  refreshHash: string | null
  codeHash: string | null
  data: string
  expiresAt: number
  createdAt: number
  updatedAt: number
  /** Hashes of the refresh tokens that were used. */
  spent: readonly string[]
}

export interface TakenOver {
  profile: TakenOverProfile
  /** Sealed by the keychain with the account's DID as context. */
  signingKey: Uint8Array
  signingKeyDid: string
  /** The signed commit; null if the repo has none, or it cannot be read. */
  root: { cid: string; rev: string; block: Uint8Array } | null
  /** How many were added. */
  records: number
  blobs: number
  /** Paths of records, and by what they were taken down. */
  takedowns: readonly (readonly [path: string, ref: string])[]
  /** A JSON array. */
  preferences: string
  appPasswords: readonly { name: string; hash: string; privileged: boolean; createdAt: number }[]
  refreshTokens: readonly {
    id: string
    expiresAt: number
    nextId: string | null
    appPasswordName: string | null
  }[]
  grants: readonly TakenOverGrant[]
  /** Browsers that remember the account. */
  devices: readonly { id: string; createdAt: number; updatedAt: number }[]
  /** Apps that the account has authorized; `data` is JSON. */
  clients: readonly { id: string; data: string; createdAt: number; updatedAt: number }[]
}
