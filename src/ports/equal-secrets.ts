/** Constant-time comparison of secrets. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The time depends on neither value, nor on their lengths. */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
