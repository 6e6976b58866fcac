/** Page streams of the account area: fed by the account's own events, and ended with the session. */
import { forbidden, XrpcError } from '#src/errors.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

/** `visit` checks the session each time. Errors are HTTP statuses, on which an EventSource stops. */
export async function openLive(
  { live, clock, log }: PageContext,
  section: Section,
  visit: () => Promise<Visit>,
): Promise<Response> {
  const validAt = clock.now()
  try {
    const { c, did, session } = await visit()
    if (live === undefined || session.pageToken === undefined) throw forbidden('Not live')
    const source: LivePage['source'] = {
      credential: { kind: 'session', did, scope: accessScope, validAt },
      request: { dids: [did] },
    }
    const render = async () => section.live!.fragments(await visit())
    const { everyMs } = section.live!
    return await live.open(c, { pageToken: session.pageToken, validAt, source, render, everyMs })
  } catch (error) {
    const status = error instanceof XrpcError ? error.status : 500
    if (status >= 500) log.error({ err: error }, 'opening a page stream failed')
    return new Response(null, { status })
  }
}
