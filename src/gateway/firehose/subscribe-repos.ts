/**
 * com.atproto.sync.subscribeRepos: every event of this server, in order, without authentication.
 *
 * 1. The cursor gives the start position. Absent: the head. Beyond the head, or not a number: an error frame, and the
 *    connection is closed, unless the log has lost its end. Before the backfill window: #info OutdatedCursor, then from the start of the window.
 * 2. Replay: pages of the log, each sent when the previous one has drained, until the frame ring covers the position.
 * 3. Cut-over: the position is one seq, and both log and ring are read from the event after it. So no event is sent
 *    twice and none is skipped.
 * 4. Live: frames from the ring as they are appended. A subscriber that falls too far behind is closed with
 *    ConsumerTooSlow. If the ring no longer covers the position, because an account's history was erased, back to 2.
 */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { FanOut, LogSource } from '#src/gateway/firehose/fan-out.ts'
import { Subscriber } from '#src/gateway/firehose/subscriber.ts'
import { INTERNAL_ERROR } from '#src/gateway/http/stream-connection.ts'
import { StreamConnections } from '#src/gateway/http/stream-connections.ts'
import type { UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import type { Log } from '#src/log.ts'
import { infoFrame } from '#src/protocol/frames.ts'

export const subscribeReposPath = '/xrpc/com.atproto.sync.subscribeRepos'
const PAGE_EVENTS = 500
const MAX_INCOMING_BYTES = 1_024

export interface FirehosePorts extends SubscriptionPorts {
  settings: {
    /** How many frames a subscriber may fall behind once it has caught up. */
    maxBuffer: number
    /** A subscriber that takes nothing of what is sent to it for this long is disconnected. */
    stallTimeoutMs: number
  }
}

export interface Firehose {
  route: UpgradeRoute
  close(): Promise<void>
  subscribers(): number
  head(): number
  /** In seconds behind `head`. */
  lags(): number[]
}

export function subscribeRepos(ports: FirehosePorts): Firehose {
  const { fanOut, settings } = ports
  const subscribers = new StreamConnections<Subscriber>(settings)
  const route: UpgradeRoute = {
    path: subscribeReposPath,
    maxIncomingBytes: MAX_INCOMING_BYTES,
    async admit(_, query) {
      // A subscriber without a cursor starts at the head, so the head must be known before it is accepted.
      await fanOut.ready()
      return ({ ws, socket }) => {
        const subscriber = new Subscriber({ ws, socket, fanOut, ...settings })
        subscribers.add(subscriber)
        void serveSubscriber(subscriber, query.get('cursor') || null, ports)
      }
    },
  }
  return {
    route,
    subscribers: () => subscribers.all().filter(({ isOpen }) => isOpen).length,
    head: () => fanOut.ring.head,
    lags: () => subscribers.all().map(({ position }) => lagOf(fanOut, position)),
    close: () => subscribers.close('the server is stopping'),
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
  /** After a loss or a restore the log ends before what subscribers had: they are not in the future up to this seq. */
  notedSeq?: () => number
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
  { source, fanOut, notedSeq = () => 0 }: SubscriptionPorts,
): Promise<void> {
  await fanOut.ready()
  subscriber.position = fanOut.ring.head
  if (cursor === null) return
  const after = /^-?\d+$/.test(cursor) ? Math.max(Number(cursor), 0) : Number.NaN
  if (!Number.isSafeInteger(after)) throw invalidRequest('cursor must be an integer')
  const { first, head } = await source.bounds()
  if (after > Math.max(head, notedSeq()))
    throw invalidRequest('Cursor in the future.', 'FutureCursor')
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
