/** Who subscribes, and by what: the part of a credential that decides what it may receive, and when it ends. */

export type Credential = (
  | {
      kind: 'session'
      did: string
      /** `com.atproto.access`, or that of an app password. */
      scope: string
      sessionId?: string | undefined
      appPassword?: string | undefined
    }
  | {
      kind: 'app'
      did: string
      /** The OAuth scopes, separated by spaces. */
      scopes: string
      clientId?: string | undefined
      /** The id by which the account knows the grant. */
      sessionId?: string | undefined
    }
  /** A service token that the account issued; also an account of another server. */
  | { kind: 'service'; did: string }
  | { kind: 'admin' }
) & {
  /** The end of its token; undefined for never. */
  expiresAt?: number | undefined
  /** Until this moment it is known not to have been revoked. */
  validAt: number
}

export function didOf(credential: Credential): string | undefined {
  return credential.kind === 'admin' ? undefined : credential.did
}
