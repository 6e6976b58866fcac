/**
 * The cookie of an operator who has signed in with the admin password: signed, valid for eight hours, and only as long as the
 * password is the same. Only those that were signed out before are stored, in the directory.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { OperatorSession } from '#src/directory/operator-sessions.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

export interface OperatorKeys {
  /** The secret of session tokens. */
  secret: Uint8Array
  /** Undefined if there is no sign-in with one. */
  adminPassword: string | undefined
}

const LIFETIME_MS = 8 * 60 * 60_000
const MAX_COOKIE_LENGTH = 200

/** A token for a new session. */
export function operatorToken(keys: OperatorKeys, now: number): string {
  const body = `${now + LIFETIME_MS}.${randomBytes(12).toString('base64url')}`
  return `${body}.${signatureOf(keys, body)}`
}

/** What its sign-out stores; undefined for a token that is not valid. It may have been signed out. */
export function operatorSessionOf(
  keys: OperatorKeys,
  token: string,
  now: number,
): OperatorSession | undefined {
  if (keys.adminPassword === undefined || token.length > MAX_COOKIE_LENGTH) return undefined
  const dot = token.lastIndexOf('.')
  const body = token.slice(0, Math.max(dot, 0))
  const [expiresAt = ''] = body.split('.')
  const isSigned = equalSecrets(token.slice(dot + 1), signatureOf(keys, body))
  if (!isSigned || !/^\d{1,16}$/.test(expiresAt) || now >= Number(expiresAt)) return undefined
  return {
    hash: createHash('sha256').update(token).digest('base64url'),
    expiresAt: Number(expiresAt),
  }
}

export function readOperatorToken(c: Context<Env>, publicUrl: string): string | undefined {
  return getCookie(c, cookieName(publicUrl))
}

/** Undefined ends the session. */
export function setOperatorToken(c: Context<Env>, publicUrl: string, token?: string): void {
  setCookie(c, cookieName(publicUrl), token ?? '', {
    ...{ path: '/', httpOnly: true, sameSite: 'Strict', secure: isSecure(publicUrl) },
    maxAge: token === undefined ? 0 : LIFETIME_MS / 1_000,
  })
}

function signatureOf({ secret, adminPassword = '' }: OperatorKeys, body: string): string {
  const key = createHmac('sha256', secret).update(`operator session ${adminPassword}`).digest()
  return createHmac('sha256', key).update(body).digest('base64url')
}

function cookieName(publicUrl: string): string {
  return isSecure(publicUrl) ? '__Host-operator' : 'operator'
}

function isSecure(publicUrl: string): boolean {
  return publicUrl.startsWith('https:')
}
