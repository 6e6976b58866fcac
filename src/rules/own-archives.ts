/** Archives in a bucket of the account's owner: names that the directory and the gateways share. */

/** The lease of the process that makes one. */
export function ownArchiveLease(did: string): string {
  return `own ${did}`
}

/** What the secret key of the bucket is sealed with by the keychain. */
export function bucketSecretContext(did: string): string {
  return `${did} archive bucket`
}
