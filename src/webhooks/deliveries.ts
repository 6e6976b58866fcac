/** Lists deliveries and repeats them, with the same ids and bodies as the first time; and sends messages that are in no log. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { Waiting } from '#src/webhooks/delivery-queue.ts'
import { type EventType, isWanted, TEST } from '#src/webhooks/event-filter.ts'
import { newDelivery } from '#src/webhooks/feed.ts'
import {
  hastenDeliveries,
  insertDeliveries,
  repeatDeliveries,
} from '#src/webhooks/stored-deliveries.ts'
import { type Endpoint, savePosition } from '#src/webhooks/stored-endpoints.ts'
import type { Webhooks } from '#src/webhooks/webhooks.ts'

/** Times are ISO 8601. */
export interface DeliveryView {
  id: string
  type: string
  did?: string
  state: string
  eventAt: string
  attempts: number
  lastAttemptAt?: string
  nextAttemptAt?: string
  /** HTTP status of the last attempt. */
  status?: number
  error?: string
  repeat?: boolean
}

interface Row {
  id: number
  message: string
  type: string
  account: string
  at: number
  state: string
  attempts: number
  nextAt: number
  attemptedAt: number | null
  status: number | null
  error: string | null
  isRepeat: number
}

/** The newest first. `cursor` is that of the page before. Throws 400 EndpointNotFound, InvalidRequest. */
export async function list(
  webhooks: Webhooks,
  input: { endpoint: string; limit: number; state?: string; cursor?: string },
): Promise<{ deliveries: DeliveryView[]; cursor?: string }> {
  const { endpoint, limit, state = null, cursor } = input
  webhooks.endpoint(endpoint)
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw invalidRequest('Malformed cursor')
  const rows = await webhooks.ports.sql.all<Row>(
    `SELECT id, message, type, account, at, state, attempts, next_at AS nextAt,
            attempted_at AS attemptedAt, status, error, is_repeat AS isRepeat
     FROM delivery WHERE endpoint = ?1 AND id < ?2 AND (?3 IS NULL OR state = ?3)
     ORDER BY id DESC LIMIT ?4`,
    ...[endpoint, cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor), state, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { deliveries: rows.map(viewOf), ...(last && { cursor: String(last.id) }) }
}

/**
 * Sends a message again now. If it still waits, it is due now, and so are the earlier ones of its account. Throws 400
 * EndpointNotFound, EndpointDisabled, and MessageNotFound if the message is not kept any more.
 */
export async function redeliver(
  webhooks: Webhooks,
  input: { endpoint: string; message: string },
): Promise<void> {
  const { mutex, ports } = webhooks
  await mutex.run(async () => {
    const endpoint = mustBeEnabled(webhooks, input.endpoint)
    const newest = await ports.sql.first<{ id: number; state: string; account: string }>(
      `SELECT id, state, account FROM delivery WHERE endpoint = ? AND message = ? ORDER BY id DESC LIMIT 1`,
      ...[endpoint.id, input.message],
    )
    if (newest === undefined) throw invalidRequest('No such message is kept', 'MessageNotFound')
    if (newest.state !== 'waiting') return repeat(webhooks, endpoint, [newest.id])
    // It may wait for earlier ones of its account.
    const now = ports.clock.now()
    await webhooks.store([hastenDeliveries(endpoint.id, now, newest.account)])
    endpoint.queue.hasten(now, newest.account)
  })
  webhooks.sender.pump()
}

/**
 * Sends again, in order, the messages about events from `since` on and before `until`, except those that still wait.
 * Resolves with their number. Throws as `redeliver`, and 429 RateLimitExceeded if there is no room for them.
 */
export async function replay(
  webhooks: Webhooks,
  input: { endpoint: string; since: number; until?: number },
): Promise<{ count: number }> {
  const { mutex, ports } = webhooks
  const count = await mutex.run(async () => {
    const endpoint = mustBeEnabled(webhooks, input.endpoint)
    const { since, until = Number.MAX_SAFE_INTEGER } = input
    const rows = await ports.sql.all<{ id: number }>(
      `SELECT id FROM delivery
       WHERE endpoint = ?1 AND is_repeat = 0 AND state <> 'waiting' AND at >= ?2 AND at < ?3
         AND message NOT IN (SELECT message FROM delivery
                             WHERE endpoint = ?1 AND state = 'waiting' AND is_repeat = 1)
       ORDER BY id`,
      ...[endpoint.id, since, until],
    )
    const ids = rows.map(({ id }) => id)
    await repeat(webhooks, endpoint, ids)
    return ids.length
  })
  webhooks.sender.pump()
  return { count }
}

/** Sends a message of the type webhook.test, whose id the caller makes. */
export async function test(
  webhooks: Webhooks,
  input: { endpoint: string; message: string },
): Promise<void> {
  const { mutex, ports } = webhooks
  await mutex.run(async () => {
    const endpoint = mustBeEnabled(webhooks, input.endpoint)
    mustHaveRoom(webhooks, endpoint, 1)
    const time = isoTime(ports.clock.now())
    await add(webhooks, endpoint, { id: input.message, type: TEST, time, data: {} })
  })
  webhooks.sender.pump()
}

/**
 * Sends a message about something that is in no log to the endpoints that want it. The caller makes the id. `hasRoom` is
 * false if an endpoint has no room: it gets the message if the caller sends it again later.
 */
export async function notify(
  webhooks: Webhooks,
  input: { id: string; type: EventType; time: string; data: object },
): Promise<{ hasRoom: boolean }> {
  const { mutex, ports, enabled, bounds } = webhooks
  let hasRoom = true
  await mutex.run(async () => {
    for (const endpoint of enabled.filter((one) => isWanted(one, input.type))) {
      if (endpoint.queue.count < bounds.waiting) await add(webhooks, endpoint, input)
      else {
        hasRoom = false
        const { id } = endpoint
        ports.log.warn({ endpoint: id, type: input.type }, 'a webhook endpoint has no room')
      }
    }
  })
  webhooks.sender.pump()
  return { hasRoom }
}

const waiting = { attempts: 0, nextAt: 0 }

/** Does nothing if the endpoint has a delivery with this id already. */
async function add(
  webhooks: Webhooks,
  endpoint: Endpoint,
  input: { id: string; type: string; time: string; data: object },
): Promise<void> {
  const { id, position } = endpoint
  const known = await webhooks.ports.sql.first(
    'SELECT 1 FROM delivery WHERE endpoint = ? AND message = ?',
    ...[id, input.id],
  )
  if (known !== undefined) return
  const lastSeq = endpoint.lastSeq + 1
  const made = newDelivery(id, input.id, input.type, input.time, { seq: lastSeq, ...input.data })
  const delivery = { ...made, id: webhooks.lastDeliveryId + 1 }
  await webhooks.store([...insertDeliveries([delivery]), savePosition({ id, position, lastSeq })])
  webhooks.lastDeliveryId = delivery.id
  endpoint.lastSeq = lastSeq
  const { account, body, at } = delivery
  endpoint.queue.add({ ...waiting, id: delivery.id, account, bytes: body.length, at })
}

/** Queued after the deliveries that wait already. */
async function repeat(
  webhooks: Webhooks,
  endpoint: Endpoint,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return
  mustHaveRoom(webhooks, endpoint, ids.length)
  const before = webhooks.lastDeliveryId
  await webhooks.store([repeatDeliveries(ids, before)])
  const rows = await webhooks.ports.sql.all<Omit<Waiting, 'attempts' | 'nextAt'>>(
    `SELECT id, account, length(body) AS bytes, at FROM delivery WHERE id > ? ORDER BY id`,
    before,
  )
  webhooks.lastDeliveryId = rows.at(-1)?.id ?? before
  for (const row of rows) endpoint.queue.add({ ...waiting, ...row })
}

function mustBeEnabled(webhooks: Webhooks, id: string): Endpoint {
  const endpoint = webhooks.endpoint(id)
  if (endpoint.disabledAt === null) return endpoint
  throw invalidRequest('The endpoint is disabled', 'EndpointDisabled')
}

function mustHaveRoom({ bounds }: Webhooks, { queue }: Endpoint, count: number): void {
  if (queue.count + count <= bounds.waiting) return
  const { waiting } = bounds
  throw new XrpcError(
    429,
    'RateLimitExceeded',
    `At most ${waiting} deliveries may wait for an endpoint: ${queue.count} do, and ${count} would be added`,
  )
}

function viewOf(row: Row): DeliveryView {
  const { message, type, account, state, at, attempts, attemptedAt, status, error } = row
  return {
    ...{ id: message, type, ...(account.startsWith('did:') && { did: account }) },
    ...{ state, eventAt: isoTime(at), attempts },
    ...(attemptedAt !== null && { lastAttemptAt: isoTime(attemptedAt) }),
    ...(state === 'waiting' && attempts > 0 && { nextAttemptAt: isoTime(row.nextAt) }),
    ...(status !== null && { status }),
    ...(error !== null && { error }),
    ...(row.isRepeat === 1 && { repeat: true }),
  }
}
