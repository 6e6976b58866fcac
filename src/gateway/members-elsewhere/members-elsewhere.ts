/**
 * Sign-in of members whose home is another server: this server sends the browser there as an OAuth client, and keeps in
 * a cookie of this browser who it was. Only the DID is used.
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
   * The page that sends the browser to the server of the account `identifier` (a handle or DID), from where it comes back
   * to `returnTo`, a path of this server with its query; then `provenMember` has the account. To be called for our own
   * forms only: it leads to whatever server the account names. Throws 400 InvalidRequest if the account is of this
   * server, does not resolve, or `returnTo` is no such path or too long; 429; 502 UpstreamFailure if its server fails.
   */
  signInElsewhere(
    c: Context<Env>,
    input: { identifier: string; returnTo: string },
  ): Promise<Response>
  /** Who has signed in elsewhere on this browser in the last five minutes, by the Cookie header. */
  provenMember(cookies: string | undefined): ProvenMember | undefined
  /** The Set-Cookie value by which the browser forgets it. */
  readonly forgetMember: string
  routes(app: Hono<Env>): void
}

export const startPath = '/oauth/members/start'
export const callbackPath = '/oauth/members/callback'
export const metadataPath = '/oauth/members/client-metadata.json'

/** Paths that are not those of the authorization server, although they begin as they do. */
export function isOfMembersElsewhere(path: string): boolean {
  return path.startsWith('/oauth/members/')
}
