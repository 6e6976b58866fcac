/** Session tokens with any claims, signed with the JWT secret of both servers. */
import { createHmac } from 'node:crypto'
import { jwtSecret } from './services.ts'

export const serviceDid = 'did:web:localhost'
export const hour = 3600

export function signedToken(
  claims: Record<string, unknown>,
  { typ = 'at+jwt', secret = jwtSecret } = {},
): string {
  const now = Math.floor(Date.now() / 1000)
  const all = { aud: serviceDid, iat: now, exp: now + hour, ...claims }
  const parts = [{ typ, alg: 'HS256' }, all].map((part) => encode(JSON.stringify(part)))
  const signed = parts.join('.')
  return `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
