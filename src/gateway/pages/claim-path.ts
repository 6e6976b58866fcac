/** The link by which the user of a custodial account takes it over. */
import { createHash, randomBytes } from 'node:crypto'
import { securityPath } from '#src/gateway/pages/security-path.ts'

export const claimPath = `${securityPath}/claim`

export interface ClaimLink {
  url: string
  /** The account stores this. */
  hash: string
}

export function newClaimLink(publicUrl: string, did: string): ClaimLink {
  const token = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({ account: did, token })
  return { url: `${publicUrl}${claimPath}?${query}`, hash: hashClaim(token) }
}

export function hashClaim(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
