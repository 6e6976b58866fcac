/** Replaces `ports/scrypt.ts` in the unit tests, which would spend half of their time on it. */
import { scrypt } from 'node:crypto'

export function deriveKey(password: string, salt: string, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N: 16 }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    )
  })
}
