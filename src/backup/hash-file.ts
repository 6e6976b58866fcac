/** The SHA-256 of a file. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

export const READ_BYTES = 256 * 1024

/** In hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }))
    hash.update(chunk)
  return hash.digest('hex')
}
