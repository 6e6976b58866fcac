/** Handles: names that are domain names (handle specification). */
import { ensureValidHandle, InvalidHandleError, isValidTld, normalizeHandle } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'

/** The handle in lower case; throws 400 InvalidHandle where it is none. */
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

/** False under the top-level domains that never belong to anybody, such as `.local` and `.invalid`. */
export function hasUsableTld(handle: string): boolean {
  return isValidTld(handle)
}
