/** The paths that become WebSockets, each with its own options; any other upgrade is an ordinary request. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { XrpcError } from '#src/errors.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import { pathOf } from '#src/gateway/http/request-path.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { type SubscriberBounds, SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'

/** For what is queued before the close frame, and the peer's answer to it. */
const END_TIMEOUT_MS = 300_000

export interface UpgradeRoute {
  path: string
  /** Of a message of the client, in bytes; a larger one closes the connection with 1009. */
  maxIncomingBytes: number
  /** The subprotocol to answer with, of those that the client offers; false for none. Absent: the first. */
  chooseSubprotocol?: (offered: Set<string>) => string | false
  /** Whether refusals are plain text instead of JSON. */
  refusesInText?: boolean
  /** Shared with what else serves the path; absent: of its own. */
  places?: SubscriberPlaces
  /**
   * Decides about a request, and resolves with what serves the connection when it can be served. Rejects with the
   * XrpcError that the upgrade is refused with.
   */
  admit(request: IncomingMessage, query: URLSearchParams): Promise<ServeConnection>
}

export type ServeConnection = (connection: UpgradedConnection) => void

export interface UpgradedConnection {
  ws: WebSocket
  socket: Socket
  /** Of the client. */
  address: string
}

/** The bounds are for each path. */
export interface UpgradePorts extends SubscriberBounds {
  addressOf: FindClientAddress
  /** The error to answer an upgrade with, if any. */
  admit?(request: IncomingMessage): XrpcError | undefined
  /** An unexpected error of a route; the upgrade is refused with 500. */
  onError(error: unknown): void
}

/** For `shouldUpgradeCallback` of a server: an offer to upgrade another request, such as to h2c, is ignored. */
export function isUpgradeTo(
  paths: ReadonlySet<string>,
): (request: Pick<IncomingMessage, 'url' | 'headers'>) => boolean {
  return ({ url, headers }) =>
    paths.has(pathOf(url)) && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Serves `routes` on `server`, whose `shouldUpgradeCallback` must take no other paths. */
export function attachUpgrades(
  server: Server,
  routes: readonly UpgradeRoute[],
  ports: UpgradePorts,
): { close(): void } {
  const upgrades = new Map(routes.map((route) => [route.path, new Upgrades(route, ports)]))
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    void upgrades.get(pathOf(request.url))?.upgrade(request, socket, head)
  }
  server.on('upgrade', upgrade)
  return {
    close() {
      server.off('upgrade', upgrade)
      for (const one of upgrades.values()) one.close()
    },
  }
}

class Upgrades {
  readonly #route: UpgradeRoute
  readonly #ports: UpgradePorts
  readonly #webSockets: WebSocketServer
  readonly #places: SubscriberPlaces
  readonly #pending = new Set<Duplex>()

  constructor(route: UpgradeRoute, ports: UpgradePorts) {
    this.#route = route
    this.#ports = ports
    this.#places = route.places ?? new SubscriberPlaces(ports)
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: route.maxIncomingBytes,
      closeTimeout: END_TIMEOUT_MS,
      ...(route.chooseSubprotocol && { handleProtocols: route.chooseSubprotocol }),
    } satisfies ServerOptions & { closeTimeout: number }
    this.#webSockets = new WebSocketServer(options)
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = this.#ports.addressOf(request)
    const url = URL.parse(request.url ?? '', 'http://localhost')
    this.#pending.add(socket)
    socket.once('close', () => this.#pending.delete(socket))
    try {
      const refusal = this.#ports.admit?.(request)
      if (refusal !== undefined) throw refusal
      socket.once('close', this.#places.take(address))
      const serve = await this.#route.admit(request, url?.searchParams ?? new URLSearchParams())
      this.#webSockets.handleUpgrade(request, socket, head, (ws) => {
        serve({ ws, socket: socket as Socket, address })
      })
    } catch (error) {
      this.#refuse(socket, this.#asXrpcError(error))
    } finally {
      this.#pending.delete(socket)
    }
  }

  close(): void {
    for (const socket of this.#pending) socket.destroy()
  }

  #asXrpcError(error: unknown): XrpcError {
    if (error instanceof XrpcError) return error
    this.#ports.onError(error)
    return new XrpcError(500, 'InternalServerError', 'Internal Server Error')
  }

  /** Answers with the error, and closes the socket. */
  #refuse(socket: Duplex, { status, error, message, headers }: XrpcError): void {
    const isText = this.#route.refusesInText === true
    const body = isText ? `${message}\n` : JSON.stringify({ error, message })
    const fields = {
      connection: 'close',
      'content-type': `${isText ? 'text/plain' : 'application/json'}; charset=utf-8`,
      'content-length': String(Buffer.byteLength(body)),
      ...retryHeader(status),
      ...headers,
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
    socket.once('finish', () => socket.destroy())
  }
}
