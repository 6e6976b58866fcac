/** com.atproto.moderation: forwards reports of accounts here to the report service, and keeps those about accounts here. */

import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import { keepReport, type ReportToKeep, storeReport } from '#src/gateway/moderation/keep-report.ts'
import { notifyWebhooks } from '#src/gateway/notify-webhooks.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as moderation from '#src/protocol/lexicons/com/atproto/moderation.ts'

const nsid = moderation.createReport.main.nsid

/** Also for an account that has been taken down, so that it can appeal. */
export const createReport = method(moderation.createReport, {
  ...proxiedMethod,
  auth: 'account or takendown',
  run: async ({ did, input, request, server }) => {
    const { services, dispatch, backgroundTasks } = server
    const header = request.headers.get('atproto-proxy') ?? undefined
    if (!header && services.takesReports) return takeReport(server, { did, input })
    const { url, did: aud } = await services.findTarget(nsid, header)
    const credentials = { did, aud, lxm: nsid }
    const output = await services.call({ url, nsid, body: input, credentials })
    notify(server, { did, input }, aud)
    backgroundTasks.runIfFree(() => keepReport(dispatch, { did, input }))
    return { json: JSON.stringify(output ?? {}) }
  },
})

/** PDS_LOCAL_REPORTS_ENABLED: the report goes to no service. */
async function takeReport(server: ServerContext, report: ReportToKeep) {
  const { did, input } = report
  const { report: id } = await storeReport(server.dispatch, report)
  notify(server, report, server.service.did)
  const { reasonType, reason, subject } = input
  const taken = {
    ...{ id, reasonType, ...(reason !== undefined && { reason }), subject },
    ...{ reportedBy: did, createdAt: new Date().toISOString() },
  }
  return { json: JSON.stringify(taken) }
}

function notify(
  { dispatch, backgroundTasks }: ServerContext,
  { did, input: { reasonType, subject } }: ReportToKeep,
  service: string,
): void {
  const report = { did, reasonType, subject, service }
  backgroundTasks.runIfFree(() => notifyWebhooks(dispatch, 'report.received', report))
}
