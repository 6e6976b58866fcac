/**
 * com.atproto.sync.subscribeRepos: every event of this server, in order, without authentication.
 *
 * 1. The cursor gives the start position. Absent: the head. Beyond the head, or not a number: an error frame, and the
 *    connection is closed. Before the backfill window: #info OutdatedCursor, then from the start of the window.
 * 2. Replay: pages of the log, each sent when the previous one has drained, until the frame ring covers the position.
 * 3. Cut-over: the position is one seq, and both log and ring are read from the event after it. So no event is sent
 *    twice and none is skipped.
 * 4. Live: frames from the ring as they are appended. A subscriber that falls too far behind is closed with
 *    ConsumerTooSlow. If the ring no longer covers the position, because an account's history was erased, back to 2.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { FanOut, type LogSource } from '#src/gateway/firehose/fan-out.ts'
import { Subscriber } from '#src/gateway/firehose/subscriber.ts'
import { tooMany } from '#src/gateway/http/address-limits.ts'
import { type FindClientAddress, isInRanges } from '#src/gateway/http/client-address.ts'
import { OpenByAddress } from '#src/gateway/http/open-by-address.ts'
import { pathOf } from '#src/gateway/http/request-path.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import type { Log } from '#src/log.ts'
import { infoFrame } from '#src/protocol/frames.ts'

const PATH = '/xrpc/com.atproto.sync.subscribeRepos'
const PAGE_EVENTS = 500
const CHECK_INTERVAL_MS = 10_000
const CLOSE_TIMEOUT_MS = 1_000
/** For what is queued before the close frame, and the peer's answer to it. */
const END_TIMEOUT_MS = 300_000
const MAX_INCOMING_BYTES = 1_024

const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011

export interface FirehosePorts {
  dispatch: { readonly sequencer: { readonly log: LogSource } }
  log: Log
  settings: {
    /** How many frames a subscriber may fall behind once it has caught up. */
    maxBuffer: number
    /** Of one address. */
    maxSubscribers: number
    /** A subscriber that takes nothing of what is sent to it for this long is disconnected. */
    stallTimeoutMs: number
  }
  addressOf: FindClientAddress
  /** Addresses and ranges that may have any number of subscribers. */
  exempt: readonly string[]
  /** The error to answer an upgrade with, if any. */
  admit?(request: IncomingMessage): XrpcError | undefined
  onRefused?(limit: string): void
  onEvents?: () => void
}

export interface Firehose {
  close(): Promise<void>
  subscribers(): number
  head(): number
  /** In seconds behind `head`. */
  lags(): number[]
}

/** For `shouldUpgradeCallback` of a server: an offer to upgrade another request, such as to h2c, is ignored. */
export function isFirehoseUpgrade({ url, headers }: IncomingMessage): boolean {
  return pathOf(url) === PATH && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Serves the firehose on `server`, whose `shouldUpgradeCallback` must be `isFirehoseUpgrade`. */
export function attachSubscribeRepos(server: Server, ports: FirehosePorts): Firehose {
  const { dispatch, log, settings, addressOf, onEvents } = ports
  const isExempt = isInRanges(ports.exempt)
  const byAddress = new OpenByAddress()
  const source = dispatch.sequencer.log
  const fanOut = new FanOut({ source, log, ...(onEvents && { onEvents }) })
  const subscribers = new Set<Subscriber>()
  const pending = new Set<Duplex>()
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_INCOMING_BYTES,
    closeTimeout: END_TIMEOUT_MS,
  }
  const webSockets = new WebSocketServer(options)

  async function subscribe(ws: WebSocket, socket: Socket, cursor: string | null): Promise<void> {
    const subscriber = new Subscriber({ ws, socket, fanOut, ...settings })
    subscribers.add(subscriber)
    ws.on('close', () => subscribers.delete(subscriber))
    await serveSubscriber(subscriber, cursor, { source, fanOut, log })
  }

  function refusalOf(request: IncomingMessage, address: string): XrpcError | undefined {
    const refusal = ports.admit?.(request)
    if (refusal !== undefined) return refusal
    if (byAddress.count(address) < settings.maxSubscribers || isExempt(address)) return undefined
    ports.onRefused?.('subscribers')
    return tooMany('subscribers')
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = addressOf(request)
    socket.on('error', () => {})
    const refusal = refusalOf(request, address)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    const url = URL.parse(request.url ?? '', 'http://localhost')
    pending.add(socket)
    socket.once('close', byAddress.add(address)).once('close', () => pending.delete(socket))
    // A subscriber without a cursor starts at the head, so the head must be known before it is accepted.
    await fanOut.ready()
    pending.delete(socket)
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      void subscribe(ws, socket as Socket, url?.searchParams.get('cursor') || null)
    })
  }

  const checkTimer = setInterval(
    () => {
      const now = performance.now()
      for (const subscriber of subscribers) subscriber.check(now)
    },
    Math.min(CHECK_INTERVAL_MS, settings.stallTimeoutMs / 2),
  )
  checkTimer.unref()
  server.on('upgrade', upgrade)
  void fanOut.run()

  return {
    subscribers: () => [...subscribers].filter(({ isOpen }) => isOpen).length,
    head: () => fanOut.ring.head,
    lags: () => [...subscribers].map(({ position }) => lagOf(fanOut, position)),
    async close() {
      server.off('upgrade', upgrade)
      clearInterval(checkTimer)
      fanOut.close()
      for (const socket of pending) socket.destroy()
      const closing = [...subscribers].map((subscriber) => {
        subscriber.end(GOING_AWAY, 'the server is stopping')
        return subscriber.closed
      })
      await Promise.race([Promise.all(closing), pause(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
      for (const subscriber of subscribers) subscriber.terminate()
    },
  }
}

/** Answers with the error, and closes the socket. */
function refuseUpgrade(socket: Duplex, { status, error, message, headers }: XrpcError): void {
  const body = JSON.stringify({ error, message })
  const fields = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    ...retryHeader(status),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  socket.once('finish', () => socket.destroy())
}

/** In seconds; a seq is a timestamp in microseconds. */
function lagOf({ ring }: FanOut, position: number): number {
  const isCaughtUp = ring.covers(position) && ring.countAfter(position) === 0
  return position === 0 || isCaughtUp ? 0 : (ring.head - position) / 1e6
}

export interface SubscriptionPorts {
  source: LogSource
  fanOut: FanOut
  log: Log
}

const outdatedCursor = infoFrame(
  'OutdatedCursor',
  'Requested cursor exceeded limit. Possibly missing events',
)

export async function serveSubscriber(
  subscriber: Subscriber,
  cursor: string | null,
  ports: SubscriptionPorts,
): Promise<void> {
  try {
    await begin(subscriber, cursor, ports)
    while (subscriber.isOpen) {
      await replay(subscriber, ports)
      await subscriber.stream()
    }
  } catch (error) {
    if (error instanceof XrpcError) return subscriber.fail(error.error, error.message)
    ports.log.error({ err: error }, 'subscribeRepos failed')
    subscriber.fail('InternalServerError', 'Internal Server Error', INTERNAL_ERROR)
  }
}

async function begin(
  subscriber: Subscriber,
  cursor: string | null,
  { source, fanOut }: SubscriptionPorts,
): Promise<void> {
  await fanOut.ready()
  subscriber.position = fanOut.ring.head
  if (cursor === null) return
  const after = /^-?\d+$/.test(cursor) ? Math.max(Number(cursor), 0) : Number.NaN
  if (!Number.isSafeInteger(after)) throw invalidRequest('cursor must be an integer')
  const { first, head } = await source.bounds()
  if (after > head) throw invalidRequest('Cursor in the future.', 'FutureCursor')
  if (after + 1 < first) await subscriber.send([outdatedCursor])
  subscriber.position = Math.max(after, first - 1)
}

async function replay(
  subscriber: Subscriber,
  { source, fanOut }: SubscriptionPorts,
): Promise<void> {
  while (subscriber.isOpen && !fanOut.ring.covers(subscriber.position)) {
    const after = subscriber.position
    const { events, head, trimmed } = await source.read({ after, limit: PAGE_EVENTS })
    // The next events have been trimmed from the log meanwhile.
    if (after < trimmed) return subscriber.tooSlow()
    const last = events.at(-1)?.seq ?? head
    if (last <= after) throw new Error('the log ends before the ring starts')
    subscriber.position = last
    if (events.length > 0) await subscriber.send(events.map(({ frame }) => frame))
  }
}
