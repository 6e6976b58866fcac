/** Passwords as the reference stores them: `salt:hash`, scrypt, both in hex. Hashing runs off the main thread. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '#src/ports/scrypt.ts'

const hashLength = 64
const saltLength = 16

/** Hashes a password under a fresh salt: `salt:hash`, 32 and 128 hex characters. */
export function hashPassword(password: string): Promise<string> {
  return hashUnder(randomBytes(saltLength).toString('hex'), password)
}

/** Hashes an app password under the salt of its account, so that one hash finds it among all of them. */
export function hashAppPassword(did: string, password: string): Promise<string> {
  const salt = createHash('sha256').update(did).digest().subarray(0, saltLength)
  return hashUnder(salt.toString('hex'), password)
}

/** Whether `password` is the one that was hashed; takes as long for a wrong one. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split(':')
  const expected = Buffer.from(hash, 'hex')
  const derived = await deriveKey(password, salt, hashLength)
  return expected.length === derived.length && timingSafeEqual(expected, derived)
}

async function hashUnder(salt: string, password: string): Promise<string> {
  const hash = await deriveKey(password, salt, hashLength)
  return `${salt}:${hash.toString('hex')}`
}
