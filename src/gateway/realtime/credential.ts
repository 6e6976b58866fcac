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
  /** A member that acts as a group: `did` is the group's. */
  | {
      kind: 'member'
      did: string
      member: MemberRole
      /** Of an OAuth token, which allows no more than these. */
      scopes?: string | undefined
      sessionId?: string | undefined
      appPassword?: string | undefined
    }
  | { kind: 'admin' }
) & {
  /** The end of its token; undefined for never. */
  expiresAt?: number | undefined
  /** Until this moment it is known not to have been revoked. */
  validAt: number
}

/** A membership as it is now: what is received and published is what its role allows. */
export interface MemberRole {
  did: string
  role: string
  scope: string
  /** Of the membership; undefined for never. */
  endsAt?: number | undefined
  /** By the group's clock: earlier changes of the membership are in it. */
  asOf: number
}

/** Whom bounds and rate limits count: a member for itself, and not as its group. */
export function countedDidOf(credential: Credential): string | undefined {
  return credential.kind === 'member' ? credential.member.did : didOf(credential)
}

export function isOfSameCaller(a: Credential, b: Credential): boolean {
  return didOf(a) === didOf(b) && countedDidOf(a) === countedDidOf(b)
}

export function didOf(credential: Credential): string | undefined {
  return credential.kind === 'admin' ? undefined : credential.did
}
