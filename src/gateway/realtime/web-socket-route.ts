/** subscribe over a WebSocket: refusals come after the upgrade, because browsers do not show those before it. */
import type { IncomingMessage } from 'node:http'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { StreamConnection } from '#src/gateway/http/stream-connection.ts'
import { StreamConnections } from '#src/gateway/http/stream-connections.ts'
import type { SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'
import type { UpgradedConnection, UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import { clientAnswers } from '#src/gateway/realtime/answer-client.ts'
import { MAX_CLIENT_MESSAGE_BYTES } from '#src/gateway/realtime/client-messages.ts'
import { ClientReader } from '#src/gateway/realtime/client-reader.ts'
import { SUBPROTOCOL } from '#src/gateway/realtime/message-text.ts'
import type { OpenedSubscriber, Realtime } from '#src/gateway/realtime/open-realtime.ts'
import { subscribeParameters } from '#src/gateway/realtime/subscribe-parameters.ts'
import { internalError, tooSlow } from '#src/gateway/realtime/subscriber-errors.ts'
import { WebSocketTransport } from '#src/gateway/realtime/web-socket-transport.ts'
import type { AuthRequest } from '#src/gateway/xrpc/callers.ts'
import { SUBSCRIBE_PATH } from '#src/protocol/realtime-names.ts'

/** Offered beside the subprotocol, where no log shows it. */
const TICKET_PREFIX = 'ticket.'

export interface WebSocketRoute {
  route: UpgradeRoute
  close(): Promise<void>
}

export function realtimeWebSockets(realtime: Realtime, places: SubscriberPlaces): WebSocketRoute {
  const { stream, stallTimeoutMs } = realtime.ports
  const connections = new StreamConnections<StreamConnection>({ stallTimeoutMs })
  const route: UpgradeRoute = {
    path: SUBSCRIBE_PATH,
    places,
    maxIncomingBytes: MAX_CLIENT_MESSAGE_BYTES,
    chooseSubprotocol: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    async admit(request, query) {
      await stream.ready()
      return (connection) => void serve(realtime, connections, connection, { request, query })
    },
  }
  return { route, close: () => connections.close('the server is stopping') }
}

async function serve(
  realtime: Realtime,
  connections: StreamConnections<StreamConnection>,
  { ws, socket, address }: UpgradedConnection,
  { request, query }: { request: IncomingMessage; query: URLSearchParams },
): Promise<void> {
  const { log, stallTimeoutMs } = realtime.ports
  let opened: OpenedSubscriber | undefined
  const fail = (error: XrpcError) => {
    if (opened === undefined) transport.fail(error)
    else opened.subscriber.end(error)
  }
  const connection = new StreamConnection({
    ws,
    socket,
    stallTimeoutMs,
    onStalled: () => fail(tooSlow()),
  })
  const transport = new WebSocketTransport(connection)
  connections.add(connection)
  // What the client sends before its credentials are checked waits in the socket.
  ws.pause()
  try {
    const presented = {
      header: request.headers.authorization,
      ticket: ticketOf(request, query),
      request: authRequest(request),
    }
    const credential = await realtime.authenticate(presented, address)
    const { request: wanted, perCommit } = subscribeParameters(query.toString())
    opened = await realtime.open({ credential, transport, address, perCommit })
    const { subscriber } = opened
    const reader = new ClientReader({
      source: ws,
      hasRoom: () => transport.hasRoom,
      answer: clientAnswers(realtime, opened),
    })
    connection.onDrain = () => {
      subscriber.onDrain()
      reader.onDrain()
    }
    connection.onStop = () => reader.stop()
    void connection.closed.then(() => subscriber.close())
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) return fail(invalidRequest('Messages must be text'))
      reader.add(data.toString())
    })
    await subscriber.subscribe('', wanted)
  } catch (error) {
    if (error instanceof XrpcError) return fail(error)
    log.error({ err: error }, 'opening a realtime connection failed')
    fail(internalError())
  } finally {
    ws.resume()
  }
}

function ticketOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((one) => one.trim())
  const found = offered.find((one) => one.startsWith(TICKET_PREFIX))
  return found?.slice(TICKET_PREFIX.length) ?? query.get('ticket') ?? undefined
}

function authRequest({ url = '', headers }: IncomingMessage): AuthRequest {
  const header = (name: string) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return { method: 'GET', url: `http://localhost${url}`, header }
}
