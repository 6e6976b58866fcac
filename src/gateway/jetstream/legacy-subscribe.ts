/**
 * `/subscribe`: the events of this server as Jetstream has sent them since its first version, which its clients rely on
 * in every detail (https://github.com/bluesky-social/jetstream). See docs/design/jetstream.md.
 */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { invalidRequest } from '#src/errors.ts'
import { INVALID_PAYLOAD, POLICY_VIOLATION } from '#src/gateway/http/stream-connection.ts'
import type { ServeConnection, UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import { type StartPosition, startPosition } from '#src/gateway/jetstream/cursor.ts'
import { legacyEncoding } from '#src/gateway/jetstream/encodings.ts'
import type { Endpoint, JetstreamPorts } from '#src/gateway/jetstream/endpoint.ts'
import { JetstreamConnection } from '#src/gateway/jetstream/jetstream-connection.ts'
import { legacyOptions, readClientMessage } from '#src/gateway/jetstream/options.ts'
import type { JetstreamStats } from '#src/gateway/jetstream/stats.ts'
import { UpdateLimit } from '#src/gateway/jetstream/update-limit.ts'
import { CompressedWire, plainWire } from '#src/gateway/jetstream/wire.ts'

export const legacySubscribePath = '/subscribe'

/** More than 10,000 DIDs and 100 collections take. */
const MAX_INCOMING_BYTES = 1_000_000

const live: StartPosition = { after: undefined, mode: 'live', isOutdated: false }

export function legacySubscribe(ports: JetstreamPorts): Endpoint {
  const { events, dictionaries, connections, stats } = ports
  const plain = plainWire(legacyEncoding)
  const compressed =
    dictionaries.legacy && new CompressedWire(legacyEncoding, dictionaries.legacy.bytes)

  async function admit(request: IncomingMessage, query: URLSearchParams): Promise<ServeConnection> {
    const wire = isCompressed(request, query) ? compressed : plain
    if (wire === undefined) {
      throw invalidRequest('this server cannot compress: it has no dictionary of Jetstream')
    }
    const options = legacyOptions(query)
    await events.ready()
    const start = startPosition(query.get('cursor'), await events.bounds())
    stats.cursorRequests[start.mode] += 1
    return (upgraded) => {
      const connection = new JetstreamConnection(upgraded, {
        ...ports,
        ...{ wire, encoding: legacyEncoding, sendsErrors: false },
      })
      connections.add(connection)
      const waits = query.get('requireHello') === 'true'
      if (!waits) connection.subscribe(options, start)
      listen(upgraded.ws, connection, { start, stats })
    }
  }

  const route: UpgradeRoute = {
    path: legacySubscribePath,
    maxIncomingBytes: MAX_INCOMING_BYTES,
    chooseSubprotocol: () => false,
    refusesInText: true,
    admit,
  }
  return { route, close: () => compressed?.close() }
}

/** Throws 400 InvalidRequest if the client offers to compress in two ways. */
function isCompressed({ headers }: IncomingMessage, query: URLSearchParams): boolean {
  const asked = String(headers['socket-encoding'] ?? '')
  if (query.get('compress') !== 'true' && !asked.includes('zstd')) return false
  if (headers['sec-websocket-extensions']?.includes('permessage-deflate')) {
    throw invalidRequest('choose one compression: zstd, or permessage-deflate')
  }
  return true
}

function listen(
  ws: WebSocket,
  connection: JetstreamConnection,
  { start, stats }: { start: StartPosition; stats: JetstreamStats },
): void {
  const limit = new UpdateLimit()
  ws.on('error', ({ code }: Error & { code?: string }) => {
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') stats.optionsUpdateErrors.oversize += 1
  })
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (!connection.isOpen) return
    if (limit.isReached()) return connection.end(POLICY_VIOLATION, 'too many messages')
    if (isBinary) return
    const message = readClientMessage(data.toString('utf8'))
    if (message.kind === 'refused') {
      stats.optionsUpdateErrors[message.why] += 1
      const isOption = message.why === 'invalid_options'
      connection.end(isOption ? POLICY_VIOLATION : INVALID_PAYLOAD, message.message)
    } else if (message.kind === 'options') {
      stats.optionsUpdates += 1
      if (connection.isSubscribed) connection.setOptions(message.options)
      // Without a cursor a client that begins with a message is sent what happens after it.
      else connection.subscribe(message.options, start.after === undefined ? live : start)
    }
  })
}
