/** The history of the own account: the pages that groups have too, with the navigation of the account area. */
import { accountArea, accountPath } from '#src/gateway/pages/account/area.ts'
import type { Area } from '#src/gateway/pages/area/area.ts'
import type { AreaContext } from '#src/gateway/pages/area/area-routes.ts'
import { callMethodsAs, type MethodPorts } from '#src/gateway/pages/area/call-methods.ts'
import { type Clients, clientsOf } from '#src/gateway/pages/history/clients.ts'
import type { HistoryVisit } from '#src/gateway/pages/history/history-visit.ts'
import { historyPages } from '#src/gateway/pages/history/pages.ts'
import { requireOwner, withOwnBrand } from '#src/gateway/pages/owner.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { PAGE } from '#src/rules/commit-clients.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

export interface HistoryContext extends AreaContext, Omit<MethodPorts, 'rateLimits'> {
  server: ServerContext
}

export function historyArea(context: HistoryContext): Area<HistoryVisit> {
  return {
    path: accountPath,
    pages: historyPages,
    nav: ({ session, owner }) => accountArea(session, { owner, current: '/history' }),
    async visit(c, session) {
      const { pageToken, name } = await requireOwner(context, session)
      const { did } = pageToken
      let clients: Promise<Clients> | undefined
      const events = async () => ({
        credential: {
          ...{ kind: 'session' as const, did, scope: accessScope },
          validAt: context.clock.now(),
        },
        request: { dids: [did] },
      })
      return {
        session: await withOwnBrand(context, session),
        ...{ owner: name, base: accountPath, label: `@${name}` },
        call: callMethodsAs(context, c, { did, scope: accessScope, clientId: PAGE }),
        history: {
          did,
          reader: did,
          handle: name,
          server: context.server,
          isAllowed: true,
          events,
          clients: () => {
            clients ??= clientsOf(context.server.dispatch.account(did), session)
            return clients
          },
        },
      }
    },
  }
}
