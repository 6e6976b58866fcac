/** app.bsky.notification: registering a device with the service that is to push to it. */
import { invalidRequest } from '#src/errors.ts'
import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import * as notification from '#src/protocol/lexicons/app/bsky/notification.ts'

interface Push {
  did: string
  input: { serviceDid: string }
  server: ServerContext
}

/** The service that is to push, by the body. */
function mayPush(nsid: string) {
  return (app: Permissions, { input }: { input: { serviceDid: string } }) =>
    app.assertRpc({ aud: `${input.serviceDid}#bsky_notif`, lxm: nsid })
}

export const registerPush = method(notification.registerPush, {
  ...proxiedMethod,
  oauth: mayPush(notification.registerPush.main.nsid),
  auth: 'account or queued',
  run: (asked) => toService(asked, notification.registerPush.main.nsid),
})

export const unregisterPush = method(notification.unregisterPush, {
  ...proxiedMethod,
  oauth: mayPush(notification.unregisterPush.main.nsid),
  run: (asked) => toService(asked, notification.unregisterPush.main.nsid),
})

/** Tells the service that the body names. */
async function toService({ did, input, server }: Push, nsid: string): Promise<undefined> {
  const aud = input.serviceDid
  const url = await addressOf(aud, server)
  const credentials = { did, aud, lxm: nsid }
  await server.services.call({ url, nsid, body: input, credentials })
  return undefined
}

async function addressOf(did: string, { services, resolver }: ServerContext): Promise<string> {
  if (did === services.appView?.did) return services.appView.url
  const document = await resolver.resolve(did)
  if (document === undefined) throw invalidRequest(`could not resolve did document: ${did}`)
  const url = serviceEndpoint(document, 'bsky_notif', 'BskyNotificationService')
  if (url !== undefined) return url
  throw invalidRequest(`invalid notification service details in did document: ${did}`)
}
