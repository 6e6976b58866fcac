/** Comparing a secret with what a caller gave. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether both are the same, in a time that depends on neither, their lengths included. */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
