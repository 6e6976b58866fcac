/** network.bsky.jetstream.subscribeEvents: the events of this server, each with the fields of its lexicon. */
import type { IncomingMessage } from 'node:http'
import { invalidRequest } from '#src/errors.ts'
import { POLICY_VIOLATION } from '#src/gateway/http/stream-connection.ts'
import type { ServeConnection, UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import { startPosition } from '#src/gateway/jetstream/cursor.ts'
import type { Dictionary } from '#src/gateway/jetstream/dictionaries.ts'
import { eventsEncoding, infoMessage, SUBSCRIBE_EVENTS } from '#src/gateway/jetstream/encodings.ts'
import type { Endpoint, JetstreamPorts } from '#src/gateway/jetstream/endpoint.ts'
import { JetstreamConnection } from '#src/gateway/jetstream/jetstream-connection.ts'
import { eventsOptions } from '#src/gateway/jetstream/options.ts'
import { CompressedWire, plainWire } from '#src/gateway/jetstream/wire.ts'

export const subscribeEventsPath = `/xrpc/${SUBSCRIBE_EVENTS}`

/** Clients send nothing. */
const MAX_INCOMING_BYTES = 1_024
const SUBPROTOCOL = 'xrpc.v1.json'

export function subscribeEvents(ports: JetstreamPorts): Endpoint {
  const { events, dictionaries, connections, stats } = ports
  const dictionary = dictionaries.current
  const plain = plainWire(eventsEncoding)
  const compressed = dictionary && new CompressedWire(eventsEncoding, dictionary.bytes)

  async function admit(request: IncomingMessage, query: URLSearchParams): Promise<ServeConnection> {
    const wire = isCompressed(request, query, dictionary) ? compressed! : plain
    const options = eventsOptions(query)
    await events.ready()
    const bounds = await events.bounds()
    const start = startPosition(query.get('cursor'), bounds)
    stats.cursorRequests[start.mode] += 1
    return (upgraded) => {
      const connection = new JetstreamConnection(upgraded, {
        ...ports,
        ...{ wire, encoding: eventsEncoding, sendsErrors: true },
      })
      connections.add(connection)
      upgraded.ws.on('message', () => {
        connection.end(POLICY_VIOLATION, 'this stream takes no messages')
      })
      if (!start.isOutdated) return connection.subscribe(options, start)
      const message = `cursor is older than the log: starting at seq ${bounds.first}`
      connection.say(infoMessage('OutdatedCursor', message)).then(
        () => {
          if (connection.isOpen) connection.subscribe(options, start)
        },
        (error: unknown) => connection.onError(error),
      )
    }
  }

  const route: UpgradeRoute = {
    path: subscribeEventsPath,
    maxIncomingBytes: MAX_INCOMING_BYTES,
    chooseSubprotocol: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    admit,
  }
  return { route, close: () => compressed?.close() }
}

/** Throws 400 InvalidRequest or UnknownZstdDictionary. */
function isCompressed(
  { headers }: IncomingMessage,
  query: URLSearchParams,
  dictionary: Dictionary | undefined,
): boolean {
  const asked = String(headers['socket-encoding'] ?? '')
  if (query.get('compress') === 'true' || asked.includes('zstd')) {
    throw invalidRequest(
      'compress and Socket-Encoding are of /subscribe: use zstdDictionary with the id of getZstdDictionary',
    )
  }
  const id = query.get('zstdDictionary')
  if (!id) return false
  if (!/^\d{1,10}$/.test(id) || Number(id) === 0) {
    throw invalidRequest('zstdDictionary must be a positive integer')
  }
  if (Number(id) === dictionary?.id) return true
  const current = dictionary === undefined ? 'this server has none' : `use ${dictionary.id}`
  throw invalidRequest(`unknown zstd dictionary ${id}: ${current}`, 'UnknownZstdDictionary')
}
