/** Handles, which are domain names (handle specification). */
import { ensureValidHandle, InvalidHandleError, isValidTld, normalizeHandle } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'

/** The handle in lower case. Throws 400 InvalidHandle. */
export function parseHandle(text: string): string {
  const handle = normalizeHandle(text)
  try {
    ensureValidHandle(handle)
  } catch (error) {
    if (error instanceof InvalidHandleError) throw invalidRequest(error.message, 'InvalidHandle')
    throw error
  }
  return handle
}

/** False under top-level domains that atproto disallows, such as `.local` and `.invalid`. */
export function hasUsableTld(handle: string): boolean {
  return isValidTld(handle)
}
