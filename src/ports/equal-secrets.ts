/** Constant-time comparison of secrets: the time depends on neither value, nor on their lengths. */
import { createHash, timingSafeEqual } from 'node:crypto'

export function equalSecrets(actual: string, expected: string): boolean {
  return timingSafeEqual(digest(actual), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
