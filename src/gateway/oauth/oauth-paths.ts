/** The paths that the OAuth library or our pages for signing in answer, and how long the bodies of requests to them may be. */
import { isOfMembersElsewhere } from '#src/gateway/members-elsewhere/members-elsewhere.ts'
import { isSignInPage } from '#src/gateway/pages/sign-in/paths.ts'

function isOurPage(path: string): boolean {
  return (path === '/account' || path.startsWith('/account/')) && !isSignInPage(path)
}

export function isOAuthPath(path: string): boolean {
  if (path.startsWith('/xrpc/') || isOurPage(path) || isOfMembersElsewhere(path)) return false
  // Also those of our own pages, which are counted with the library's.
  return /^\/(oauth\/|account(\/|$)|@atproto\/oauth-provider\/|\.well-known\/(oauth-authorization-server|change-password)$)/.test(
    path,
  )
}

export const parPath = '/oauth/par'
/** Of the endpoints that apps call. An authorization request is stored until it expires; real ones have about 1 KB. */
export const maxBodyBytes: Readonly<Record<string, number>> = {
  [parPath]: 16 * 1024,
  '/oauth/token': 100 * 1024,
  '/oauth/revoke': 100 * 1024,
}
