/** A browser's session on the pages: the account's cookie, the language and the CSRF check of forms. */
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'
import { forbidden } from '#src/errors.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { Clock } from '#src/ports/clock.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

export interface PageToken {
  did: string
  token: string
}

export interface PageSession extends RenderContext {
  /** Unverified: of a session, of a sign-in without its second step, or of neither. */
  pageToken: PageToken | undefined
  /** The network of the client's address, as rate limits count it; undefined without a socket. */
  network: string | undefined
}

interface PageSessionPorts {
  branding: Branding
  server: { addressOf: FindClientAddress }
  clock: Clock
}

const MAX_COOKIE_LENGTH = 500

export function openPageSession(
  c: Context<Env>,
  { branding, server, clock }: PageSessionPorts,
  publicUrl: string,
): PageSession {
  const isSecure = publicUrl.startsWith('https:')
  const name = cookieName('form', isSecure)
  let csrf = getCookie(c, name)
  if (csrf === undefined || !/^[\w-]{32}$/.test(csrf)) {
    csrf = randomBytes(24).toString('base64url')
    setCookie(c, name, csrf, cookieOptions(isSecure))
  }
  const messages = messagesFor(c.req.header('accept-language'))
  return {
    branding,
    messages,
    csrf,
    now: clock.now(),
    pageToken: readPageToken(c.req.header('cookie'), publicUrl),
    network: clientInfoOf(server.addressOf, c.env?.incoming).network,
  }
}

export function readPageToken(
  header: string | undefined,
  publicUrl: string,
): PageToken | undefined {
  const name = cookieName('account', publicUrl.startsWith('https:'))
  const value = header === undefined ? undefined : parse(header, name)[name]
  if (value === undefined || value.length > MAX_COOKIE_LENGTH) return undefined
  const dot = value.indexOf('.')
  const [token, did] = [value.slice(0, dot), value.slice(dot + 1)]
  return dot > 0 && did.startsWith('did:') ? { did, token } : undefined
}

export function newPageToken(did: string): PageToken {
  return { did, token: randomBytes(32).toString('base64url') }
}

export function setPageToken(
  c: Context<Env>,
  publicUrl: string,
  pageToken: PageToken | undefined,
): void {
  const isSecure = publicUrl.startsWith('https:')
  const value = pageToken === undefined ? '' : `${pageToken.token}.${pageToken.did}`
  const options = cookieOptions(isSecure)
  const maxAge = pageToken === undefined ? { maxAge: 0 } : {}
  setCookie(c, cookieName('account', isSecure), value, { ...options, ...maxAge })
}

/** Throws 403 StalePage unless the token, Origin and Sec-Fetch-Site say that the form is from our page. */
export function mustPassCsrfCheck(
  c: Context<Env>,
  formToken: unknown,
  context: RenderContext,
  publicUrl: string,
): void {
  const { origin } = new URL(publicUrl)
  const site = c.req.header('sec-fetch-site')
  const isForeign =
    (c.req.header('origin') ?? origin) !== origin || (site ?? 'same-origin') !== 'same-origin'
  if (isForeign || typeof formToken !== 'string' || !equalSecrets(formToken, context.csrf)) {
    throw forbidden('The form is not from this server', 'StalePage')
  }
}

function cookieName(name: 'account' | 'form', isSecure: boolean): string {
  return isSecure ? `__Host-security-${name}` : `security-${name}`
}

function cookieOptions(secure: boolean) {
  return { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const
}
