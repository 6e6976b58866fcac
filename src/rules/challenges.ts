/**
 * Stateless WebAuthn challenges: random bytes that this server made recently, for one purpose, and authenticated with a
 * MAC. Nothing is stored until one is answered, so unauthenticated callers cannot fill the database; an answered one is
 * not accepted again.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type ChallengePurpose = `register ${string}` | 'sign in'

export interface ChallengeContext {
  secret: Uint8Array
  now: number
}

export const CHALLENGE_LIFETIME_MS = 5 * 60_000

const RANDOM_BYTES = 16
const TIME_BYTES = 6

export function newChallenge(
  purpose: ChallengePurpose,
  { secret, now }: ChallengeContext,
): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(RANDOM_BYTES + TIME_BYTES)
  randomBytes(RANDOM_BYTES).copy(head)
  head.writeUIntBE(now + CHALLENGE_LIFETIME_MS, RANDOM_BYTES, TIME_BYTES)
  return new Uint8Array(Buffer.concat([head, mac(purpose, head, secret)]))
}

export function isChallenge(
  text: string,
  purpose: ChallengePurpose,
  { secret, now }: ChallengeContext,
): boolean {
  const bytes = Buffer.from(text, 'base64url')
  const head = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES)
  if (head.length < RANDOM_BYTES + TIME_BYTES) return false
  const expected = mac(purpose, head, secret)
  const actual = bytes.subarray(head.length)
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return false
  return head.readUIntBE(RANDOM_BYTES, TIME_BYTES) > now
}

function mac(purpose: ChallengePurpose, head: Uint8Array, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`passkey ${purpose} `).update(head).digest()
}
