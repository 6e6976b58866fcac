/**
 * com.atproto.sync.subscribeRepos: every event of this server, in order, for anyone.
 *
 * 1. The cursor says where to begin. None: with what comes next. Beyond the log's head, or no number: an error frame,
 *    and the end. Before the backfill window: #info OutdatedCursor, and then from where the window begins.
 * 2. Replay: pages of the log, each when the one before has left, until the ring of recent frames reaches back to the
 *    subscriber's place.
 * 3. Cut-over: the place is one seq, and log and ring are both asked for what comes after it. So the ring gives nothing
 *    again that a page has given, and nothing in between is left out.
 * 4. Live: the ring's frames as they come. Whoever falls too far behind is cut off with ConsumerTooSlow; where the ring
 *    has forgotten a subscriber's place, because an account's history was erased, that one goes back to 2.
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
/** How long a peer may take to say goodbye when the server stops. */
const CLOSE_TIMEOUT_MS = 1_000
/** Subscribers have nothing to say. */
const MAX_INCOMING_BYTES = 1_024

const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011

export interface FirehosePorts {
  dispatch: { readonly sequencer: { readonly log: LogSource } }
  log: Log
  settings: {
    /** How many frames a subscriber may be behind, once it has caught up. */
    maxBuffer: number
  }
  /** Called when events have been logged. */
  onEvents?: () => void
}

export interface Firehose {
  /** Says goodbye to all, and stops following. */
  close(): Promise<void>
  /** How many are connected. */
  subscribers(): number
  /** The newest seq that this process knows of. */
  head(): number
  /** How far behind that each subscriber is, in seconds. */
  lags(): number[]
}

/** Serves the firehose on `server`; an upgrade to anything else is cut off. */
export function attachSubscribeRepos(server: Server, ports: FirehosePorts): Firehose {
  const { dispatch, log, settings, onEvents } = ports
  const source = dispatch.sequencer.log
  const fanOut = new FanOut({ source, log, ...(onEvents && { onEvents }) })
  const subscribers = new Set<Subscriber>()
  const arriving = new Set<Duplex>()
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
    arriving.add(socket)
    socket.on('error', () => {}).on('close', () => arriving.delete(socket))
    // Who is let in hears everything from then on.
    await fanOut.ready()
    arriving.delete(socket)
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      void subscribe(ws, socket as Socket, url.searchParams.get('cursor') || null)
    })
  }

  const pinging = setInterval(() => {
    for (const subscriber of subscribers) subscriber.ping()
  }, PING_MS)
  pinging.unref()
  server.on('upgrade', upgrade)
  void fanOut.run()

  return {
    subscribers: () => subscribers.size,
    head: () => fanOut.ring.head,
    lags: () => [...subscribers].map(({ position }) => lagOf(fanOut, position)),
    async close() {
      server.off('upgrade', upgrade)
      clearInterval(pinging)
      fanOut.close()
      for (const socket of arriving) socket.destroy()
      const leaving = [...subscribers].map((subscriber) => {
        subscriber.end(GOING_AWAY, 'the server is stopping')
        return subscriber.closed
      })
      await Promise.race([Promise.all(leaving), pause(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
      for (const subscriber of subscribers) subscriber.terminate()
    },
  }
}

/** In seconds: a seq is a time in microseconds. */
function lagOf({ ring }: FanOut, position: number): number {
  const hasAll = ring.covers(position) && ring.countAfter(position) === 0
  return position === 0 || hasAll ? 0 : (ring.head - position) / 1e6
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

/** One subscriber, from its cursor to its end. What goes wrong is told to it, and ends it. */
export async function serveSubscriber(
  subscriber: Subscriber,
  cursor: string | null,
  feed: SubscriptionPorts,
): Promise<void> {
  try {
    await begin(subscriber, cursor, feed)
    while (subscriber.isOpen) {
      await replay(subscriber, feed)
      // 3. and 4. Cut-over and live.
      await subscriber.stream()
    }
  } catch (error) {
    if (error instanceof XrpcError) return subscriber.fail(error.error, error.message)
    feed.log.error({ err: error }, 'subscribeRepos failed')
    subscriber.fail('InternalServerError', 'Internal Server Error', INTERNAL_ERROR)
  }
}

/** 1. The cursor. */
async function begin(
  subscriber: Subscriber,
  cursor: string | null,
  { source, fanOut }: SubscriptionPorts,
): Promise<void> {
  await fanOut.ready()
  subscriber.position = fanOut.ring.head
  if (cursor === null) return
  const asked = /^-?\d+$/.test(cursor) ? Math.max(Number(cursor), 0) : Number.NaN
  if (!Number.isSafeInteger(asked)) throw invalidRequest('cursor must be an integer')
  const { first, head } = await source.bounds()
  if (asked > head) throw invalidRequest('Cursor in the future.', 'FutureCursor')
  if (asked + 1 < first) await subscriber.send([outdatedCursor])
  subscriber.position = Math.max(asked, first - 1)
}

/** 2. Replay. */
async function replay(
  subscriber: Subscriber,
  { source, fanOut }: SubscriptionPorts,
): Promise<void> {
  while (subscriber.isOpen && !fanOut.ring.covers(subscriber.position)) {
    const after = subscriber.position
    const { events, head, trimmed } = await source.read({ after, limit: PAGE_EVENTS })
    // What came next has left the log meanwhile.
    if (after < trimmed) return subscriber.tooSlow()
    const last = events.at(-1)?.seq ?? head
    if (last <= after) throw new Error('the log ends before the ring begins')
    subscriber.position = last
    if (events.length > 0) await subscriber.send(events.map(({ frame }) => frame))
  }
}
