/**
 * Sign-in of members whose accounts are on other servers: as an OAuth client this server sends the browser there, and keeps
 * the DID that signed in, and nothing else, in a cookie.
 */
import type { Context, Hono } from 'hono'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export interface ProvenMember {
  did: string
  /** When the sign-in was completed. */
  since: number
}

export interface MembersElsewhere {
  /**
   * The page that sends the browser to the server of the account `identifier`, a handle or DID. It comes back to
   * `returnTo`, a path of this server with its query; then `provenMember` has the account. Call it for our own forms only,
   * since the account chooses the server. Throws 400 InvalidRequest if the account is on this server or does not resolve, or
   * if `returnTo` is not such a path or too long; 429; 502 UpstreamFailure if the other server fails.
   */
  signInElsewhere(
    c: Context<Env>,
    input: { identifier: string; returnTo: string },
  ): Promise<Response>
  /** The member that signed in elsewhere on this browser in the last five minutes, from the Cookie header. */
  provenMember(cookies: string | undefined): ProvenMember | undefined
  /** The Set-Cookie value that makes the browser forget the member. */
  readonly forgetMember: string
  routes(app: Hono<Env>): void
}

export const startPath = '/oauth/members/start'
export const callbackPath = '/oauth/members/callback'
export const metadataPath = '/oauth/members/client-metadata.json'

/** Whether the path is one of these, and not of the authorization server, whose paths begin alike. */
export function isOfMembersElsewhere(path: string): boolean {
  return path.startsWith('/oauth/members/')
}
