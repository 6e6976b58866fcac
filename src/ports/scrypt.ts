/** scrypt at Node's own cost (N 16384, r 8, p 1), which is the reference's: some 36 ms, off the main thread. */
import { scrypt } from 'node:crypto'

/** `length` bytes of the password under the salt. The salt is its hex text, not the bytes it stands for. */
export function deriveKey(password: string, salt: string, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
