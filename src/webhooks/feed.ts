/** Follows the sequencer's logs from where the endpoints are, and stores what they want as deliveries. */
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { SERVER_OWNER } from '#src/rules/webhook-owners.ts'
import type { LogPage } from '#src/sequencer/log.ts'
import type { DeliveryQueue, Waiting } from '#src/webhooks/delivery-queue.ts'
import { EVENTS_MISSED, isWanted, wantsCommits } from '#src/webhooks/event-filter.ts'
import { type Message, messagesOf } from '#src/webhooks/messages.ts'
import { insertDeliveries, type NewDelivery } from '#src/webhooks/stored-deliveries.ts'
import { type Endpoint, savePosition } from '#src/webhooks/stored-endpoints.ts'
import type { Webhooks } from '#src/webhooks/webhooks.ts'

const WAIT_MS = 20_000
const MAX_PAUSE_MS = 5_000
const MAX_OWN_ACCOUNTS = 10_000
/** Deliveries of an endpoint whose bodies are kept in memory. */
const MAX_IN_MEMORY = 50
/** If no endpoint wants anything, positions are stored this often: after a restart the events since then are read again. */
const SAVE_POSITION_MS = 10_000

export class Feed {
  readonly #webhooks: Webhooks
  /** Whether it reads the log. */
  isRunning = false
  #changed = Promise.withResolvers<void>()
  /** Endpoints without room for more deliveries. */
  #full = new Set<Endpoint>()
  #isTurnOfLast = false
  /** Accounts of the owner that messages were about. */
  readonly #ownAccounts = new BoundedMap<string, true>(MAX_OWN_ACCOUNTS)
  #savedAt = Number.NEGATIVE_INFINITY

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks
  }

  /** Call when endpoints were added, changed or removed, or have room again. Starts the feed if it does not run. */
  change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
    if (this.isRunning) return
    this.isRunning = true
    void this.#run()
  }

  /** Call when deliveries have ended: an endpoint that was full may have room. */
  checkRoom(): void {
    if (this.#full.size === 0) return
    const { waiting, waitingBytes } = this.#webhooks.bounds
    const hasRoom = [...this.#full].some(({ queue }) => {
      return queue.count <= waiting / 2 && queue.bytes <= waitingBytes / 2
    })
    if (hasRoom) this.change()
  }

  async #run(): Promise<void> {
    const { ports } = this.#webhooks
    for (let failures = 0; ; ) {
      const changed = this.#changed.promise
      const reading = this.#reading()
      if (reading.length === 0) {
        this.isRunning = false
        return
      }
      const { after, waitMs } = this.#next(reading)
      try {
        const following = ports.source.follow({ after, waitMs, includePrivate: true })
        // If the endpoints change first, nothing else handles its error.
        following.catch(() => {})
        const page = await Promise.race([following, changed])
        if (page !== undefined) await this.#store(page, after)
        failures = 0
      } catch (error) {
        if (!this.#webhooks.isReady) continue
        const { log, owner } = ports
        log.warn({ err: error, owner }, 'following events for webhooks failed, will be retried')
        await this.#pause(Math.min(MAX_PAUSE_MS, 50 * 2 ** failures++))
      }
    }
  }

  /** If some endpoints are behind, they and the others take turns. */
  #next(reading: readonly Endpoint[]): { after: number; waitMs: number } {
    const positions = reading.map(({ position }) => position)
    const [first, last] = [Math.min(...positions), Math.max(...positions)]
    this.#isTurnOfLast = first < last && !this.#isTurnOfLast
    return this.#isTurnOfLast ? { after: last, waitMs: 0 } : { after: first, waitMs: WAIT_MS }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#webhooks.ports.timer(ms, resolve))
  }

  /** The enabled endpoints that have room. */
  #reading(): Endpoint[] {
    const { isReady, enabled, bounds } = this.#webhooks
    if (!isReady) return []
    const isFull = ({ queue }: Endpoint) =>
      queue.count >= bounds.waiting || queue.bytes >= bounds.waitingBytes
    this.#full = new Set(enabled.filter(isFull))
    return enabled.filter((endpoint) => !this.#full.has(endpoint))
  }

  /** `page` has the events after `after`. */
  #store(page: LogPage, after: number): Promise<void> {
    const { mutex } = this.#webhooks
    return mutex.run(async () => {
      const through = page.through ?? page.head
      const reading = this.#reading().filter(({ position }) => {
        return position >= after && position < through
      })
      if (reading.length === 0) return
      const messages = await this.#messagesOf(page, reading)
      const added = reading.map((endpoint) => this.#deliveriesTo(endpoint, page, messages))
      const positions = reading.map(({ id, lastSeq }, i) => {
        return { id, position: through, lastSeq: lastSeq + added[i]!.length }
      })
      const deliveries = added.flat()
      for (const [i, delivery] of deliveries.entries()) {
        delivery.id = this.#webhooks.lastDeliveryId + 1 + i
      }
      if (deliveries.length > 0 || this.#mustSave(page)) {
        this.#savedAt = this.#webhooks.ports.clock.now()
        await this.#webhooks.commit([
          ...insertDeliveries(deliveries),
          ...positions.map(savePosition),
        ])
      }
      this.#webhooks.lastDeliveryId += deliveries.length
      for (const [i, endpoint] of reading.entries()) {
        Object.assign(endpoint, positions[i])
        for (const delivery of added[i]!) addToQueue(endpoint.queue, delivery)
      }
      if (deliveries.length > 0) this.#webhooks.sender.pump()
    })
  }

  #mustSave({ events, privateEvents = [] }: LogPage): boolean {
    const isDue = this.#webhooks.ports.clock.now() - this.#savedAt >= SAVE_POSITION_MS
    return isDue && events.length + privateEvents.length > 0
  }

  async #messagesOf(page: LogPage, reading: readonly Endpoint[]): Promise<Message[]> {
    const { ports } = this.#webhooks
    const withCommits = reading.some(wantsCommits)
    const all = messagesOf(page, { withCommits })
    const messages = all.filter(({ type, collection }) => {
      return reading.some((endpoint) => isWanted(endpoint, type, collection))
    })
    const own = ports.owner === SERVER_OWNER ? messages : await this.#ofOwner(messages)
    const created = own.filter(({ type }) => type === 'account.created')
    if (created.length === 0) return own
    const handles = await ports.handlesOf(created.map(({ did }) => did))
    for (const { did, data } of created) {
      const handle = handles.get(did)
      if (handle !== undefined) data['handle'] = handle
    }
    return own
  }

  async #ofOwner(messages: Message[]): Promise<Message[]> {
    if (messages.length === 0) return messages
    const { owner, ownersOf } = this.#webhooks.ports
    const owners = await ownersOf([...new Set(messages.map(({ did }) => did))])
    return messages.filter(({ did, type }) => {
      const isOwn = owners.get(did) === owner
      if (isOwn) this.#ownAccounts.set(did, true)
      else if (owners.has(did)) this.#ownAccounts.delete(did)
      // The directory may have forgotten a deleted account by now.
      return isOwn || (type === 'account.deleted' && !owners.has(did) && this.#ownAccounts.has(did))
    })
  }

  #deliveriesTo(
    endpoint: Endpoint,
    { trimmed }: LogPage,
    messages: readonly Message[],
  ): NewDelivery[] {
    const { id, position, lastSeq } = endpoint
    const wanted = messages.filter(({ seq, type, collection }) => {
      return seq > position && isWanted(endpoint, type, collection)
    })
    const deliveries = wanted.map(({ id: message, type, did, time, data }, i) => {
      const full = { seq: lastSeq + 1 + i, did, ...data }
      return { ...newDelivery(id, message, type, time, full), account: did }
    })
    if (trimmed <= position) return deliveries
    return [this.#missed(endpoint, trimmed), ...deliveries].map((delivery, i) => {
      return i === 0 ? delivery : withSeq(delivery, lastSeq + 1 + i)
    })
  }

  #missed({ id, position, lastSeq }: Endpoint, trimmed: number): NewDelivery {
    const { clock, log, owner } = this.#webhooks.ports
    const time = (seq: number) => isoTime(Math.floor(seq / 1_000))
    const data = { seq: lastSeq + 1, from: time(position), to: time(trimmed) }
    log.warn({ owner, endpoint: id, ...data }, 'a webhook endpoint has missed events')
    const now = isoTime(clock.now())
    return newDelivery(id, `msg_missed_${position}`, EVENTS_MISSED, now, data)
  }
}

function addToQueue(queue: DeliveryQueue, delivery: NewDelivery): void {
  const { id, account, message, body, at } = delivery
  const waiting: Waiting = { id, account, bytes: body.length, at, attempts: 0, nextAt: 0 }
  // Bodies that are not sent soon would fill the memory: they are read when they are sent.
  queue.add(queue.count < MAX_IN_MEMORY ? { ...waiting, content: { message, body } } : waiting)
}

/** Its id is set when it is stored. */
export function newDelivery(
  endpoint: string,
  message: string,
  type: string,
  timestamp: string,
  data: object,
): NewDelivery {
  const body = JSON.stringify({ type, timestamp, data })
  const at = Date.parse(timestamp)
  return { id: 0, endpoint, message, type, account: message, body, at }
}

function withSeq(delivery: NewDelivery, seq: number): NewDelivery {
  const message = JSON.parse(delivery.body) as { data: object }
  const body = JSON.stringify({ ...message, data: { ...message.data, seq } })
  return { ...delivery, body }
}
