/** subscribe as server-sent events: the same path and parameters, without messages of the client. */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import { corsHeaders, errorResponse } from '#src/gateway/http/response.ts'
import type { SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'
import { EventStreamTransport } from '#src/gateway/realtime/event-stream-transport.ts'
import type { Realtime } from '#src/gateway/realtime/open-realtime.ts'
import { subscribeParameters } from '#src/gateway/realtime/subscribe-parameters.ts'
import { internalError } from '#src/gateway/realtime/subscriber-errors.ts'
import { isDpopBound } from '#src/gateway/xrpc/authenticate.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'

export type EventStreams = (c: Context<Env>) => Promise<Response>

interface EventStreamPorts {
  upgrades: { addressOf: FindClientAddress }
  nextNonce(): string | undefined
  places: SubscriberPlaces
  onEventStream?(request: IncomingMessage): void
}

const EVENT_STREAM = 'text/event-stream'

const headers = {
  ...corsHeaders,
  'content-type': `${EVENT_STREAM}; charset=utf-8`,
  'cache-control': 'no-store',
  // Nginx and others would hold events back.
  'x-accel-buffering': 'no',
}

/** For GET requests of the path that are not upgraded. */
export function eventStreams(realtime: Realtime, ports: EventStreamPorts): EventStreams {
  const { log } = realtime.ports

  async function open(c: Context<Env>): Promise<Response> {
    const incoming = c.env?.incoming
    const address = incoming === undefined ? '' : ports.upgrades.addressOf(incoming)
    const leave = ports.places.take(address)
    try {
      const response = await openStream(c, { address, onClose: leave })
      if (incoming !== undefined) ports.onEventStream?.(incoming)
      return response
    } catch (error) {
      leave()
      throw error
    }
  }

  async function openStream(
    c: Context<Env>,
    { address, onClose }: { address: string; onClose(): void },
  ): Promise<Response> {
    const { url } = c.req
    const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
    const ticket = query.get('ticket') ?? undefined
    const header = c.req.header('authorization')
    await realtime.ports.stream.ready()
    const presented = { header, ticket, request: c.req }
    const credential = await realtime.authenticate(presented, address)
    const { request, perCommit } = subscribeParameters(query.toString())
    const transport = new EventStreamTransport()
    const { subscriber } = await realtime.open({ credential, transport, address, perCommit })
    transport.onDrain = () => subscriber.onDrain()
    transport.onClose = () => {
      subscriber.close()
      onClose()
    }
    try {
      await subscriber.subscribe('', { ...request, ...lastEvent(c.req.header('last-event-id')) })
    } catch (error) {
      subscriber.close()
      throw error
    }
    return new Response(transport.body, { headers })
  }

  return async (c) => {
    const wantsStream = c.req.header('accept')?.includes(EVENT_STREAM) && c.req.method === 'GET'
    if (!wantsStream) return upgradeRequired()
    try {
      return await open(c)
    } catch (error) {
      const isExpected = error instanceof XrpcError
      if (!isExpected) log.error({ err: error }, 'opening an event stream failed')
      const failure = isExpected ? error : internalError()
      // An EventSource connects again with the ticket in its URL, which is spent: this tells it to stop.
      if (failure.error === 'InvalidTicket')
        return new Response(null, { status: 204, headers: corsHeaders })
      const response = errorResponse(failure)
      const nonce = isDpopBound(c.req.header('authorization')) ? ports.nextNonce() : undefined
      if (nonce !== undefined) response.headers.set('dpop-nonce', nonce)
      return response
    }
  }
}

/** What a browser has after it reconnected counts before the cursor of its URL. */
function lastEvent(id: string | undefined): { cursor?: number } {
  return id !== undefined && /^\d{1,16}$/.test(id) ? { cursor: Number(id) } : {}
}

function upgradeRequired(): Response {
  const message = `${SUBSCRIBE} is a WebSocket, or with "Accept: ${EVENT_STREAM}" an event stream`
  const response = errorResponse(new XrpcError(426, 'UpgradeRequired', message))
  response.headers.set('upgrade', 'websocket')
  return response
}
