/** app.bsky.notification: registers a device with the push service that the body names. */
import { invalidRequest } from '#src/errors.ts'
import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import * as notification from '#src/protocol/lexicons/app/bsky/notification.ts'

interface PushCall {
  did: string
  input: { serviceDid: string }
  server: ServerContext
}

function pushScope(nsid: string) {
  return (permissions: Permissions, { input }: { input: { serviceDid: string } }) =>
    permissions.assertRpc({ aud: `${input.serviceDid}#bsky_notif`, lxm: nsid })
}

export const registerPush = method(notification.registerPush, {
  ...proxiedMethod,
  oauth: pushScope(notification.registerPush.main.nsid),
  auth: 'account or queued',
  run: (call) => sendToPushService(call, notification.registerPush.main.nsid),
})

export const unregisterPush = method(notification.unregisterPush, {
  ...proxiedMethod,
  oauth: pushScope(notification.unregisterPush.main.nsid),
  run: (call) => sendToPushService(call, notification.unregisterPush.main.nsid),
})

async function sendToPushService(
  { did, input, server }: PushCall,
  nsid: string,
): Promise<undefined> {
  const aud = input.serviceDid
  const url = await pushServiceUrl(aud, server)
  const credentials = { did, aud, lxm: nsid }
  await server.services.call({ url, nsid, body: input, credentials })
  return undefined
}

async function pushServiceUrl(did: string, { services, resolver }: ServerContext): Promise<string> {
  if (did === services.appView?.did) return services.appView.url
  const document = await resolver.resolve(did)
  if (document === undefined) throw invalidRequest(`could not resolve did document: ${did}`)
  const url = serviceEndpoint(document, 'bsky_notif', 'BskyNotificationService')
  if (url !== undefined) return url
  throw invalidRequest(`invalid notification service details in did document: ${did}`)
}
