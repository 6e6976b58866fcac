/** Session tokens: compact JWTs signed with HS256, the only algorithm that is accepted. */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** Times are whole seconds since 1970. */
export interface TokenClaims {
  scope: string
  aud: string
  sub: string
  iat: number
  exp: number
  jti?: string
}

/** A token whose signature is valid; its claims are not checked yet. */
export interface VerifiedToken {
  /** The header's `typ`: `at+jwt` or `refresh+jwt` for our own tokens. */
  typ: unknown
  claims: Record<string, unknown>
}

const MAX_TOKEN_LENGTH = 4096

export function signToken(typ: string, claims: TokenClaims, secret: Uint8Array): string {
  const body = `${encode({ typ, alg: 'HS256' })}.${encode(claims)}`
  return `${body}.${hmac(body, secret)}`
}

/** Verifies a token signed with `secret`; undefined if it is malformed or its signature is wrong. */
export function verifyToken(token: string, secret: Uint8Array): VerifiedToken | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  const parts = token.split('.')
  const [head, body, signature] = parts
  if (parts.length !== 3 || !head || !body || !signature) return undefined
  // Compared as text: base64url can spell one signature in several ways, and only one is accepted.
  const expected = Buffer.from(hmac(`${head}.${body}`, secret))
  const given = Buffer.from(signature)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const header = decode(head)
  const claims = decode(body)
  if (!header || !claims || header['alg'] !== 'HS256') return undefined
  return { typ: header['typ'], claims }
}

function hmac(body: string, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('base64url')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
