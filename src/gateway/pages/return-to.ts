/**
 * The way from an app's sign-in to the security pages and back. The stock page links to ours in a tab of its own and
 * does not say whence; so the browser is told to remember the authorization that is under way.
 */
import { parse, serialize } from 'hono/utils/cookie'
import { securityPath } from '#src/gateway/pages/security-path.ts'

const authorize = '/oauth/authorize'
const cookieName = 'security-onward'
/** Seconds; an authorization request waits no longer. */
const LIFETIME_S = 5 * 60
const LONGEST_PATH = 3_000

/** Where the stock pages link to. */
export function securityPageUrl(publicUrl: string): string {
  return `${publicUrl}${securityPath}?app`
}

/** A Set-Cookie header that remembers a request for the authorization page, or forgets one that is over; else undefined. */
export function returnToCookie(
  request: { method?: string | undefined; url?: string | undefined },
  publicUrl: string,
): string | undefined {
  if (request.method !== 'GET' || !request.url?.startsWith(authorize)) return undefined
  if (request.url.startsWith(`${authorize}/redirect`)) return clearReturnToCookie(publicUrl)
  const path = parseReturnTo(request.url, publicUrl)
  return path && onwardCookie(path, LIFETIME_S, publicUrl)
}

/** A Set-Cookie header by which the browser forgets what it was told to remember. */
export function clearReturnToCookie(publicUrl: string): string {
  return onwardCookie('', 0, publicUrl)
}

function onwardCookie(path: string, maxAge: number, publicUrl: string): string {
  const secure = publicUrl.startsWith('https:')
  return serialize(cookieName, path, {
    path: securityPath,
    maxAge,
    httpOnly: true,
    sameSite: 'Lax',
    secure,
  })
}

/** The authorization to go back to, of a visit that comes from the stock pages. */
export function readReturnTo(
  { url, cookie }: { url: string; cookie: string | undefined },
  publicUrl: string,
): string | undefined {
  if (!new URL(url).searchParams.has('app') || cookie === undefined) return undefined
  return parseReturnTo(parse(cookie, cookieName)[cookieName], publicUrl)
}

/** Where a sign-in goes on: an app's authorization, by its path here; undefined for anything else. */
export function parseReturnTo(wish: unknown, publicUrl: string): string | undefined {
  if (typeof wish !== 'string' || wish.length > LONGEST_PATH) return undefined
  const url = URL.parse(wish, publicUrl)
  if (url === null || url.origin !== new URL(publicUrl).origin) return undefined
  if (url.pathname !== authorize || !url.searchParams.has('request_uri')) return undefined
  return `${authorize}${url.search}`
}
