/** Decodes session tokens, and forges them with the secret: with `node:crypto`, not with the server's code. */
import { createHmac } from 'node:crypto'

type Claims = Record<string, unknown>

/** Header and claims of a token, not verified. */
export function decodeToken(token: string): { header: Claims; claims: Claims } {
  const [header, claims] = token.split('.').slice(0, 2).map(read)
  return { header: header!, claims: claims! }
}

/** The token with changed header or claims, signed with HS256. */
export function forgeToken(
  token: string,
  { header = {}, claims = {}, secret }: { header?: Claims; claims?: Claims; secret: string },
): string {
  const old = decodeToken(token)
  return signToken({ ...old.header, ...header }, { ...old.claims, ...claims }, secret)
}

/** A token of these claims, signed with HS256. */
export function signToken(header: Claims, claims: Claims, secret: string | Uint8Array): string {
  const parts = [{ alg: 'HS256', ...header }, claims]
  const signed = parts.map((part) => encoded(JSON.stringify(part))).join('.')
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function read(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}
