/** Replaces `ports/scrypt.ts` in the unit tests, which would spend half of their time on it. */
import { scrypt } from 'node:crypto'

/** The derivation for this password fails when the test rejects the promise. */
export const failing = { password: 'fails', failure: Promise.withResolvers<never>() }

export function deriveKey(password: string, salt: string, length: number): Promise<Buffer> {
  if (password === failing.password) return failing.failure.promise
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N: 16 }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    )
  })
}
