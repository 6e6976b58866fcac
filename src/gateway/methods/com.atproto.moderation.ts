/** com.atproto.moderation: reports of our accounts, handed on to the service that judges them. */

import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as moderation from '#src/protocol/lexicons/com/atproto/moderation.ts'

const nsid = moderation.createReport.main.nsid

/** An account that was taken down may appeal. */
export const createReport = method(moderation.createReport, {
  ...proxiedMethod,
  auth: 'account or takendown',
  run: async ({ did, input: body, request, server: { services } }) => {
    const header = request.headers.get('atproto-proxy') ?? undefined
    const { url, did: aud } = await services.findTarget(nsid, header)
    const answer = await services.call({ url, nsid, body, credentials: { did, aud, lxm: nsid } })
    return { json: JSON.stringify(answer ?? {}) }
  },
})
