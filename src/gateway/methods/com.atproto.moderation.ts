/** com.atproto.moderation: forwards reports of accounts here to the report service. */

import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import { notifyWebhooks } from '#src/gateway/notify-webhooks.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as moderation from '#src/protocol/lexicons/com/atproto/moderation.ts'

const nsid = moderation.createReport.main.nsid

/** Also for an account that has been taken down, so that it can appeal. */
export const createReport = method(moderation.createReport, {
  ...proxiedMethod,
  auth: 'account or takendown',
  run: async ({ did, input: body, request, server: { services, dispatch, backgroundTasks } }) => {
    const header = request.headers.get('atproto-proxy') ?? undefined
    const { url, did: aud } = await services.findTarget(nsid, header)
    const output = await services.call({ url, nsid, body, credentials: { did, aud, lxm: nsid } })
    const { reasonType, subject } = body
    const report = { did, reasonType, subject, service: aud }
    backgroundTasks.runIfFree(() => notifyWebhooks(dispatch, 'report.received', report))
    return { json: JSON.stringify(output ?? {}) }
  },
})
