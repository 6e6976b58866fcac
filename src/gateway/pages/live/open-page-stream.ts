/** Opens the stream of a page, for the account area and for areas. */
import type { Context } from 'hono'
import { forbidden, XrpcError } from '#src/errors.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type OpenedPage = Omit<LivePage, 'pageToken' | 'validAt'> & { session: PageSession }

/**
 * `open` checks the session, which counts as valid at the time of this call. Errors are HTTP statuses, on which an
 * EventSource stops.
 */
export async function openPageStream(
  { live, clock, log }: Pick<PageContext, 'live' | 'clock' | 'log'>,
  c: Context<Env>,
  open: (validAt: number) => Promise<OpenedPage>,
): Promise<Response> {
  const validAt = clock.now()
  try {
    const { session, ...page } = await open(validAt)
    const { pageToken } = session
    if (live === undefined || pageToken === undefined) throw forbidden('Not live')
    return await live.open(c, { pageToken, validAt, ...page })
  } catch (error) {
    const status = error instanceof XrpcError ? error.status : 500
    if (status >= 500) log.error({ err: error }, 'opening a page stream failed')
    return new Response(null, { status })
  }
}
