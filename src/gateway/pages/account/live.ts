/** Page streams of the account area: fed by the account's own events, and ended with the session. */
import type { Context } from 'hono'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { openPageStream } from '#src/gateway/pages/live/open-page-stream.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

/** `visit` checks the session each time. */
export function openLive(
  context: PageContext,
  c: Context<Env>,
  { fragments, everyMs }: NonNullable<Section['live']>,
  visit: () => Promise<Visit>,
): Promise<Response> {
  return openPageStream(context, c, async (validAt) => {
    const { did, session } = await visit()
    return {
      ...{ session, everyMs },
      source: {
        credential: { kind: 'session', did, scope: accessScope, validAt },
        request: { dids: [did] },
      },
      render: async () => fragments(await visit()),
    }
  })
}
