/** dev.headwater.realtime: createTicket, publish and listEvents. */
import { forbidden } from '#src/errors.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import {
  credentialOf,
  createTicket as issueTicket,
} from '#src/gateway/realtime/authenticate-subscriber.ts'
import { bodyText, channelOf } from '#src/gateway/realtime/client-messages.ts'
import { listEvents as readEvents } from '#src/gateway/realtime/list-events.ts'
import type { Realtime } from '#src/gateway/realtime/open-realtime.ts'
import type { AuthRequest, Permissions } from '#src/gateway/xrpc/callers.ts'
import { type Method, method } from '#src/gateway/xrpc/method.ts'
import * as lexicon from '#src/protocol/lexicons/dev/headwater/realtime.ts'
import { PUBLISH, realtimeAudience } from '#src/protocol/realtime-names.ts'

export function realtimeMethods(realtime: Realtime): readonly Method[] {
  const { ports, access, channels } = realtime
  const { clock, serviceDid, networkOf } = ports

  const createTicket = method(lexicon.createTicket, {
    auth: 'account',
    oauth: 'any',
    run: async ({ caller, request }) => {
      const header = request.headers.get('authorization') ?? undefined
      const presented = { header, validAt: clock.now() }
      return issueTicket(ports, await credentialOf(ports, caller, presented))
    },
  })

  const publish = method(lexicon.publish, {
    auth: 'account or service',
    oauth: (permissions: Permissions) =>
      permissions.assertRpc({ aud: realtimeAudience(serviceDid), lxm: PUBLISH }),
    run: async ({ caller: { did }, input, server, incoming }) => {
      if (did.includes('#')) throw forbidden('A service of an account is not in its channels')
      const channel = channelOf(input.channel)
      const body = bodyText(input)
      const network = incoming && networkOf(server.addressOf(incoming))
      await ports.stream.ready()
      await access.mustBeAllowed(channel, did, network)
      await channels.publish(channel, did, body)
      return {}
    },
  })

  const listEvents = method(lexicon.listEvents, {
    // Any credential that subscribe accepts.
    auth: 'none',
    looseParams: true,
    run: async ({ params, request, server, incoming }) => {
      const header = request.headers.get('authorization') ?? undefined
      const address = incoming === undefined ? '' : server.addressOf(incoming)
      const presented = { header, ticket: undefined, request: authRequest(request) }
      const credential = await realtime.authenticate(presented, address)
      const { did, dids = [], limit = 100, ...rest } = params
      const named = did === undefined ? dids : [did, ...dids]
      const wanted = { ...rest, ...(named.length > 0 && { dids: named }) }
      await ports.stream.ready()
      const json = await readEvents(ports, credential, { request: wanted, limit })
      const headers = { ...corsHeaders, 'content-type': 'application/json; charset=utf-8' }
      return new RawResponse(json, {
        ...headers,
        'cache-control': 'private',
        vary: 'Authorization',
      })
    },
  })

  return [createTicket, publish, listEvents]
}

function authRequest({ method: verb, url, headers }: Request): AuthRequest {
  return { method: verb, url, header: (name) => headers.get(name) ?? undefined }
}
