/** One visit to the security pages: whose browser it is, in which language, and whether it was our own page that asked. */
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'
import { forbidden } from '#src/errors.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

/** Whom a cookie is of: the account, and the token that it knows. */
export interface PageToken {
  did: string
  token: string
}

export interface PageSession extends RenderContext {
  /** The account's cookie; it may be of a session, of a sign-in that lacks its second step, or of nothing any more. */
  pageToken: PageToken | undefined
}

const LONGEST_COOKIE = 500

/** Reads what the browser sent along, and has it keep a secret for its forms. */
export function openPageSession(c: Context<Env>, look: Branding, publicUrl: string): PageSession {
  const isSecure = publicUrl.startsWith('https:')
  const name = cookieName('form', isSecure)
  let csrf = getCookie(c, name)
  if (csrf === undefined || !/^[\w-]{32}$/.test(csrf)) {
    csrf = randomBytes(24).toString('base64url')
    setCookie(c, name, csrf, cookieTerms(isSecure))
  }
  const speech = messagesFor(c.req.header('accept-language'))
  return {
    branding: look,
    messages: speech,
    csrf,
    pageToken: readPageToken(c.req.header('cookie'), publicUrl),
  }
}

/** The account that a Cookie header shows a token of, if any. */
export function readPageToken(
  header: string | undefined,
  publicUrl: string,
): PageToken | undefined {
  const name = cookieName('account', publicUrl.startsWith('https:'))
  const value = header === undefined ? undefined : parse(header, name)[name]
  if (value === undefined || value.length > LONGEST_COOKIE) return undefined
  const dot = value.indexOf('.')
  const [token, did] = [value.slice(0, dot), value.slice(dot + 1)]
  return dot > 0 && did.startsWith('did:') ? { did, token } : undefined
}

/** A fresh token for a sign-in. */
export function newPageToken(did: string): PageToken {
  return { did, token: randomBytes(32).toString('base64url') }
}

/** Has the browser keep the token until it is closed; without one it forgets the one it has. */
export function setPageToken(
  c: Context<Env>,
  publicUrl: string,
  shown: PageToken | undefined,
): void {
  const isSecure = publicUrl.startsWith('https:')
  const value = shown === undefined ? '' : `${shown.token}.${shown.did}`
  const terms = cookieTerms(isSecure)
  const maxAge = shown === undefined ? { maxAge: 0 } : {}
  setCookie(c, cookieName('account', isSecure), value, { ...terms, ...maxAge })
}

/** Throws 403 unless a form came from a page of ours: by its secret, and by what the browser says of where it was. */
export function mustPassCsrfCheck(
  c: Context<Env>,
  given: unknown,
  frame: RenderContext,
  publicUrl: string,
): void {
  const { origin } = new URL(publicUrl)
  const site = c.req.header('sec-fetch-site')
  const isForeign =
    (c.req.header('origin') ?? origin) !== origin || (site ?? 'same-origin') !== 'same-origin'
  if (isForeign || typeof given !== 'string' || !equalSecrets(given, frame.csrf)) {
    throw forbidden('The form is not from this server', 'StalePage')
  }
}

function cookieName(name: 'account' | 'form', isSecure: boolean): string {
  return isSecure ? `__Host-security-${name}` : `security-${name}`
}

function cookieTerms(secure: boolean) {
  return { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const
}
