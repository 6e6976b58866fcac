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
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { FanOut, type LogSource } from '#src/gateway/firehose/fan-out.ts'
import { Subscriber } from '#src/gateway/firehose/subscriber.ts'
import type { Log } from '#src/log.ts'
import { infoFrame } from '#src/protocol/frames.ts'

const PATH = '/xrpc/com.atproto.sync.subscribeRepos'
const PAGE_EVENTS = 500
const PING_MS = 30_000
const CLOSE_TIMEOUT_MS = 1_000
const MAX_INCOMING_BYTES = 1_024

const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011

export interface FirehosePorts {
  dispatch: { readonly sequencer: { readonly log: LogSource } }
  log: Log
  settings: {
    /** How many frames a subscriber may fall behind once it has caught up. */
    maxBuffer: number
  }
  onEvents?: () => void
}

export interface Firehose {
  close(): Promise<void>
  subscribers(): number
  head(): number
  /** In seconds behind `head`. */
  lags(): number[]
}

/** Serves the firehose on `server`; the socket of any other upgrade request is destroyed. */
export function attachSubscribeRepos(server: Server, ports: FirehosePorts): Firehose {
  const { dispatch, log, settings, onEvents } = ports
  const source = dispatch.sequencer.log
  const fanOut = new FanOut({ source, log, ...(onEvents && { onEvents }) })
  const subscribers = new Set<Subscriber>()
  const pending = new Set<Duplex>()
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_INCOMING_BYTES,
  })

  async function subscribe(ws: WebSocket, socket: Socket, cursor: string | null): Promise<void> {
    const subscriber = new Subscriber({ ws, socket, fanOut, maxBuffer: settings.maxBuffer })
    subscribers.add(subscriber)
    ws.on('close', () => subscribers.delete(subscriber))
    await serveSubscriber(subscriber, cursor, { source, fanOut, log })
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = URL.parse(request.url ?? '', 'http://localhost')
    if (url?.pathname !== PATH) return void socket.destroy()
    pending.add(socket)
    socket.on('error', () => {}).on('close', () => pending.delete(socket))
    // A subscriber without a cursor starts at the head, so the head must be known before it is accepted.
    await fanOut.ready()
    pending.delete(socket)
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      void subscribe(ws, socket as Socket, url.searchParams.get('cursor') || null)
    })
  }

  const pingTimer = setInterval(() => {
    for (const subscriber of subscribers) subscriber.ping()
  }, PING_MS)
  pingTimer.unref()
  server.on('upgrade', upgrade)
  void fanOut.run()

  return {
    subscribers: () => subscribers.size,
    head: () => fanOut.ring.head,
    lags: () => [...subscribers].map(({ position }) => lagOf(fanOut, position)),
    async close() {
      server.off('upgrade', upgrade)
      clearInterval(pingTimer)
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
