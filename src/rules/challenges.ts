/**
 * What a passkey has to sign: random bytes that this server made lately, for one purpose. Nothing is stored until one
 * is answered, so strangers who ask for challenges cost nothing; an answered one is not taken again.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Registering a passkey of an account, or signing in as whoever has it. */
export type ChallengePurpose = `register ${string}` | 'sign in'

export interface ChallengeContext {
  /** The server's secret of session tokens. */
  secret: Uint8Array
  /** Milliseconds since 1970. */
  now: number
}

/** How long a challenge may wait for its answer, in ms. */
export const challengeLifetime = 5 * 60_000

const randomLength = 16
const timeLength = 6

/** A fresh challenge: 16 random bytes, when it expires, and our seal. */
export function newChallenge(
  purpose: ChallengePurpose,
  { secret, now }: ChallengeContext,
): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(randomLength + timeLength)
  randomBytes(randomLength).copy(head)
  head.writeUIntBE(now + challengeLifetime, randomLength, timeLength)
  return new Uint8Array(Buffer.concat([head, seal(purpose, head, secret)]))
}

/** Whether a challenge, in base64url, is one of ours for this purpose and has not expired. */
export function isChallenge(
  text: string,
  purpose: ChallengePurpose,
  { secret, now }: ChallengeContext,
): boolean {
  const bytes = Buffer.from(text, 'base64url')
  const head = bytes.subarray(0, randomLength + timeLength)
  if (head.length < randomLength + timeLength) return false
  const expected = seal(purpose, head, secret)
  const given = bytes.subarray(head.length)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false
  return head.readUIntBE(randomLength, timeLength) > now
}

function seal(purpose: ChallengePurpose, head: Uint8Array, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`passkey ${purpose} `).update(head).digest()
}
