/** The paths that become WebSockets, each with its own options; any other upgrade is an ordinary request. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { XrpcError } from '#src/errors.ts'
import { tooMany } from '#src/gateway/http/address-limits.ts'
import { type FindClientAddress, isInRanges } from '#src/gateway/http/client-address.ts'
import { OpenByAddress } from '#src/gateway/http/open-by-address.ts'
import { pathOf } from '#src/gateway/http/request-path.ts'
import { retryHeader } from '#src/gateway/http/response.ts'

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

export interface UpgradePorts {
  addressOf: FindClientAddress
  /** Of one address and path. */
  maxSubscribers: number
  /** Addresses and ranges that may have any number of subscribers. */
  exempt: readonly string[]
  /** The error to answer an upgrade with, if any. */
  admit?(request: IncomingMessage): XrpcError | undefined
  onRefused?(limit: string): void
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
  readonly #byAddress = new OpenByAddress()
  readonly #isExempt: (address: string) => boolean
  readonly #pending = new Set<Duplex>()

  constructor(route: UpgradeRoute, ports: UpgradePorts) {
    this.#route = route
    this.#ports = ports
    this.#isExempt = isInRanges(ports.exempt)
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
    const refusal = this.#refusalOf(request, address)
    if (refusal !== undefined) return this.#refuse(socket, refusal)
    const url = URL.parse(request.url ?? '', 'http://localhost')
    this.#pending.add(socket)
    socket.once('close', this.#byAddress.add(address)).once('close', () => {
      this.#pending.delete(socket)
    })
    try {
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

  #refusalOf(request: IncomingMessage, address: string): XrpcError | undefined {
    const { admit, maxSubscribers, onRefused } = this.#ports
    const refusal = admit?.(request)
    if (refusal !== undefined) return refusal
    if (this.#byAddress.count(address) < maxSubscribers || this.#isExempt(address)) return undefined
    onRefused?.('subscribers')
    return tooMany('subscribers')
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
