/**
 * Tickets: signed, self-contained passes with which a browser, which cannot set headers, opens one connection. They are
 * valid for a minute, and where they are accepted the id is spent.
 */
import { randomUUID } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { XrpcError } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TokenContext } from '#src/rules/session-tokens.ts'

export const TICKET_LIFETIME_MS = 60_000

const TYPE = 'ticket+jwt'

export interface Ticket<Credential> {
  id: string
  credential: Credential
}

/** `credential` is JSON: who asks, and by what. Nothing in it may be secret. */
export async function issueTicket(
  credential: object,
  { secret, audience, now }: TokenContext,
): Promise<{ ticket: string; expiresAt: string }> {
  const expiresAt = now + TICKET_LIFETIME_MS
  const claims = { aud: audience, jti: randomUUID(), exp: expiresAt / 1000, credential }
  const ticket = await new SignJWT(claims as unknown as JWTPayload)
    .setProtectedHeader({ typ: TYPE, alg: 'HS256' })
    .sign(secret)
  return { ticket, expiresAt: isoTime(expiresAt) }
}

/** Throws 401 InvalidTicket. Whether it was used before is known by its id. */
export async function verifyTicket<Credential>(
  ticket: string,
  { secret, audience, now }: TokenContext,
): Promise<Ticket<Credential>> {
  const options = { algorithms: ['HS256'], typ: TYPE, audience, currentDate: new Date(now) }
  const { payload } = await jwtVerify(ticket, secret, options).catch(() => {
    throw invalidTicket()
  })
  const { jti: id, exp, credential } = payload
  // The library lets a token without an end pass.
  if (typeof id !== 'string' || exp === undefined || exp * 1000 <= now) throw invalidTicket()
  if (typeof credential !== 'object' || credential === null) throw invalidTicket()
  return { id, credential: credential as Credential }
}

export function invalidTicket(): XrpcError {
  return new XrpcError(401, 'InvalidTicket', 'The ticket was used or has expired')
}
