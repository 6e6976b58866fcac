/** Password hashes in the reference's format: `salt:hash`, scrypt, in hex. Hashing runs off the main thread. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '#src/ports/scrypt.ts'

const hashLength = 64
const saltLength = 16

export function hashPassword(password: string): Promise<string> {
  return hashWithSalt(randomBytes(saltLength).toString('hex'), password)
}

/** Uses a salt derived from the DID, so that one hash finds an app password among all of the account. */
export function hashAppPassword(did: string, password: string, network?: string): Promise<string> {
  const salt = createHash('sha256').update(did).digest().subarray(0, saltLength)
  return hashWithSalt(salt.toString('hex'), password, network)
}

/** `network` is where an unauthenticated caller is: callers take turns. */
export async function verifyPassword(
  password: string,
  stored: string,
  network?: string,
): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split(':')
  const expected = Buffer.from(hash, 'hex')
  const derived = await deriveKey(password, salt, hashLength, network)
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}

async function hashWithSalt(salt: string, password: string, network?: string): Promise<string> {
  const hash = await deriveKey(password, salt, hashLength, network)
  return `${salt}:${hash.toString('hex')}`
}
