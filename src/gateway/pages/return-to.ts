/**
 * Links between an app's sign-in and the security pages. A cookie remembers the authorization request that is under way, so
 * that the security pages can lead back to it.
 */
import { parse, serialize } from 'hono/utils/cookie'
import { isActAsPage } from '#src/gateway/pages/act-as-path.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { authorizePath } from '#src/gateway/pages/sign-in/paths.ts'

const cookieName = 'security-onward'
/** The lifetime of an authorization request. */
const COOKIE_TTL_S = 5 * 60
const MAX_PATH_LENGTH = 3_000

export function securityPageUrl(publicUrl: string): string {
  return `${publicUrl}${securityPath}?app`
}

/** A Set-Cookie value that stores an authorization request, or clears one that is over; undefined for other requests. */
export function returnToCookie(
  request: { method?: string | undefined; url?: string | undefined },
  publicUrl: string,
): string | undefined {
  if (request.method !== 'GET' || !request.url?.startsWith(authorizePath)) return undefined
  if (request.url.startsWith(`${authorizePath}/redirect`)) return clearReturnToCookie(publicUrl)
  const path = parseReturnTo(request.url, publicUrl)
  return path && serializeCookie(path, COOKIE_TTL_S, publicUrl)
}

export function clearReturnToCookie(publicUrl: string): string {
  return serializeCookie('', 0, publicUrl)
}

function serializeCookie(path: string, maxAge: number, publicUrl: string): string {
  const secure = publicUrl.startsWith('https:')
  return serialize(cookieName, path, {
    path: securityPath,
    maxAge,
    httpOnly: true,
    sameSite: 'Lax',
    secure,
  })
}

export function readReturnTo(
  { url, cookie }: { url: string; cookie: string | undefined },
  publicUrl: string,
): string | undefined {
  if (!new URL(url).searchParams.has('app') || cookie === undefined) return undefined
  return parseReturnTo(parse(cookie, cookieName)[cookieName], publicUrl)
}

/**
 * The path of an authorization request on this server, of the page to act as a group, or of an area. Undefined for anything
 * else, so that there are no open redirects.
 */
export function parseReturnTo(value: unknown, publicUrl: string): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_PATH_LENGTH) return undefined
  const url = URL.parse(value, publicUrl)
  if (url === null || url.origin !== new URL(publicUrl).origin) return undefined
  if (isActAsPage(url.pathname) || isAreaPage(url.pathname)) return `${url.pathname}${url.search}`
  if (url.pathname !== authorizePath || !url.searchParams.has('request_uri')) return undefined
  return `${authorizePath}${url.search}`
}

/** Pages that need a sign-in. */
function isAreaPage(path: string): boolean {
  return /^\/(account|groups|tenant|admin)([/?]|$)/.test(path) && !isActAsPage(path)
}
