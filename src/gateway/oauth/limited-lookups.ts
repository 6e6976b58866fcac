/** Bounds the lookups of permission sets in progress, which each take a DNS query and two requests. */
import { XrpcError } from '#src/errors.ts'
import { busyOr } from '#src/gateway/oauth/oauth-errors.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import type { KeySlots } from '#src/ports/key-slots.ts'
import type { LimitLookup } from '#src/ports/lexicon-resolver.ts'

/**
 * Too many lookups refuse a pushed request with 429 or 503. Of any other request the lookup fails, so that the permission
 * set is used as it was last resolved: the library ends a session whose refresh rejects.
 */
export function limitedLookups(slots: KeySlots, key: () => string | undefined): LimitLookup {
  return (work, fail) =>
    slots.run(key(), work).catch((error) => {
      if (error instanceof XrpcError && requestContext().isPushed !== true) throw fail(error)
      return busyOr(error)
    })
}
