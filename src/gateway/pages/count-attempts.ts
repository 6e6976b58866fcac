/** Counts forms that call no method as the method that does the same; a password of another server as createSession, since it may be a guess. */
import type { Context } from 'hono'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

/** Throws 429. `identifier` is whose password it is. */
export async function countAttempt(
  { rateLimits }: Pick<PageContext, 'rateLimits'>,
  c: Context<Env>,
  nsid: string,
  identifier: string,
): Promise<void> {
  const request = c.env?.incoming
  if (request === undefined) return
  const status = await rateLimits?.({ nsid, request, caller: undefined, input: { identifier } })
  if (status?.isRefused) throw rateLimitExceeded(status)
}
