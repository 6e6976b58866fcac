/** scrypt with Node's default cost (N 16384, r 8, p 1), as in the reference: about 36 ms, off the main thread. */
import { scrypt } from 'node:crypto'

/** Returns `length` bytes. The salt is used as hex text, not decoded. */
export function deriveKey(password: string, salt: string, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
