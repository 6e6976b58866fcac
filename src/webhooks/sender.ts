/** Makes the deliveries that are due, a few at once, and stores how they ended. */
import type { Waiting } from '#src/webhooks/delivery-queue.ts'
import type { Answer } from '#src/webhooks/post-message.ts'
import { nextAttemptAt } from '#src/webhooks/retries.ts'
import { openSecrets, signaturesOf } from '#src/webhooks/secrets.ts'
import {
  type AttemptResult,
  deleteOldDeliveries,
  hastenDeliveries,
  readBody,
  saveResult,
} from '#src/webhooks/stored-deliveries.ts'
import { type DisabledReason, type Endpoint, saveHealth } from '#src/webhooks/stored-endpoints.ts'
import type { Webhooks } from '#src/webhooks/webhooks.ts'

/** After so many failures in a row an endpoint gets one request at a time. */
const FAILING = 3
/** If it succeeds again after this long, everything that waits for it is due at once. */
const RECOVERY_MS = 5 * 60_000
/** After this long without a success. */
export const DISABLE_AFTER_MS = 5 * 24 * 60 * 60_000
/** Old deliveries are deleted after so many results. */
const TRIM_EVERY = 250
/** Of a timer. */
const MAX_WAIT_MS = 60 * 60_000

interface Ended {
  endpoint: Endpoint
  result: AttemptResult
  isRecovery: boolean
}

export class Sender {
  readonly #webhooks: Webhooks
  #ended: Ended[] = []
  #isStoring = false
  #sinceTrim = TRIM_EVERY
  #cancelTimer = () => {}

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks
  }

  /** Starts the deliveries that are due, within the bounds, and sets a timer for the next ones. */
  pump(): void {
    this.#cancelTimer()
    if (!this.#webhooks.isReady) return
    const { enabled, bounds, ports } = this.#webhooks
    const now = ports.clock.now()
    let inFlight = enabled.reduce((sum, endpoint) => sum + endpoint.inFlight, 0)
    let nextAt = Infinity
    const limitOf = ({ failures }: Endpoint) => (failures >= FAILING ? 1 : bounds.inFlight)
    while (inFlight < bounds.inFlightOfOwner) {
      const taken = this.#takeOne(enabled, limitOf, now)
      if (taken === undefined) break
      inFlight += 1
      void this.#attempt(taken.endpoint, taken.delivery)
    }
    for (const endpoint of enabled) {
      if (endpoint.inFlight >= limitOf(endpoint)) continue
      nextAt = Math.min(nextAt, endpoint.queue.nextAt() ?? Infinity)
    }
    if (nextAt === Infinity || inFlight >= bounds.inFlightOfOwner) return
    const waitMs = Math.min(MAX_WAIT_MS, Math.max(1, nextAt - now))
    this.#cancelTimer = ports.timer(waitMs, () => this.pump())
  }

  stop(): void {
    this.#cancelTimer()
  }

  /** Of the endpoint with the fewest requests under way, so that no endpoint waits for the others. */
  #takeOne(
    endpoints: readonly Endpoint[],
    limitOf: (endpoint: Endpoint) => number,
    now: number,
  ): { endpoint: Endpoint; delivery: Waiting } | undefined {
    for (const endpoint of endpoints.toSorted((a, b) => a.inFlight - b.inFlight)) {
      if (endpoint.inFlight >= limitOf(endpoint)) continue
      const delivery = endpoint.queue.take(now)
      if (delivery !== undefined) return { endpoint, delivery }
    }
    return undefined
  }

  async #attempt(endpoint: Endpoint, delivery: Waiting): Promise<void> {
    endpoint.inFlight += 1
    const answer = await this.#send(endpoint, delivery).catch((error: unknown) => error as Error)
    endpoint.inFlight -= 1
    // After a failed transaction everything is read again, into other objects.
    const { endpoints, isReady, ports } = this.#webhooks
    if (!isReady || endpoints.get(endpoint.id) !== endpoint) return
    if (answer instanceof Error) {
      ports.log.warn({ err: answer, owner: ports.owner }, 'a webhook delivery could not be read')
      endpoint.queue.putBack(delivery)
      delivery.nextAt = ports.clock.now() + RECOVERY_MS
    } else this.#end(endpoint, delivery, answer)
    this.pump()
  }

  async #send(endpoint: Endpoint, delivery: Waiting): Promise<Answer> {
    const { ports } = this.#webhooks
    const found = delivery.content ?? (await readBody(ports.sql, delivery.id))
    delete delivery.content
    if (found === undefined) return { error: 'deleted' }
    const now = ports.clock.now()
    const { message, body } = found
    const signed = { id: message, timestamp: Math.floor(now / 1_000), body }
    const secrets = openSecrets(ports.keys, endpoint.secrets, { endpoint: endpoint.id, now })
    return ports.post({ url: endpoint.url, ...signed, signature: signaturesOf(signed, secrets) })
  }

  #end(endpoint: Endpoint, delivery: Waiting, answer: Answer): void {
    const { clock, random, stats } = this.#webhooks.ports
    const now = clock.now()
    const { status = null, error = null, retryAfterMs } = answer
    delivery.attempts += 1
    const result: AttemptResult = {
      ...{ id: delivery.id, state: 'waiting', attempts: delivery.attempts, nextAt: now },
      ...{ attemptedAt: now, status, error },
    }
    if (status !== null && status >= 200 && status < 300) {
      const isRecovery = this.#succeeded(endpoint, now)
      endpoint.queue.remove(delivery)
      stats.count('delivered')
      this.#store({ endpoint, result: { ...result, state: 'delivered' }, isRecovery })
      return
    }
    this.#failed(endpoint, now, status)
    const nextAt = nextAttemptAt(delivery.attempts, {
      ...{ now, random: random() },
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
    if (nextAt === undefined) endpoint.queue.remove(delivery)
    else {
      delivery.nextAt = nextAt
      endpoint.queue.putBack(delivery)
    }
    stats.count(nextAt === undefined ? 'given up' : 'failed')
    const state = nextAt === undefined ? 'failed' : 'waiting'
    this.#store({ endpoint, result: { ...result, state, nextAt: nextAt ?? 0 }, isRecovery: false })
  }

  /** Returns whether the endpoint had been failing for some time. */
  #succeeded(endpoint: Endpoint, now: number): boolean {
    const { failingSince, failures } = endpoint
    const isRecovery =
      failures >= FAILING && failingSince !== null && now - failingSince >= RECOVERY_MS
    endpoint.succeededAt = now
    endpoint.failingSince = null
    endpoint.failures = 0
    if (isRecovery) endpoint.queue.hasten(now)
    return isRecovery
  }

  #failed(endpoint: Endpoint, now: number, status: number | null): void {
    endpoint.failures += 1
    endpoint.failingSince ??= now
    if (status === 410) this.#disable(endpoint, now, 'gone')
    else if (now - endpoint.failingSince >= DISABLE_AFTER_MS) {
      this.#disable(endpoint, now, 'failing')
    }
  }

  #disable(endpoint: Endpoint, now: number, reason: DisabledReason): void {
    const { id, url } = endpoint
    const { log, owner } = this.#webhooks.ports
    endpoint.disabledAt = now
    endpoint.disabledReason = reason
    const { host } = new URL(url)
    log.warn({ owner, endpoint: id, host, reason }, 'a webhook endpoint is disabled')
    this.#webhooks.changed()
  }

  #store(ended: Ended): void {
    this.#ended.push(ended)
    if (this.#isStoring) return
    this.#isStoring = true
    void this.#storeAll()
  }

  async #storeAll(): Promise<void> {
    while (this.#ended.length > 0) {
      const stored = this.#webhooks.mutex.run(() => this.#storeNext())
      // After a failure everything is read again, so results that were not stored are sent once more.
      if (await stored.catch(() => true)) this.#ended = []
    }
    this.#isStoring = false
    this.#webhooks.feed.checkRoom()
  }

  /** Resolves with true if the results that are left must be dropped. */
  async #storeNext(): Promise<boolean> {
    if (!this.#webhooks.isReady) return true
    const ended = this.#ended.splice(0)
    const endpoints = [...new Set(ended.map(({ endpoint }) => endpoint))]
    const now = this.#webhooks.ports.clock.now()
    const recovered = new Set(ended.flatMap((one) => (one.isRecovery ? [one.endpoint.id] : [])))
    this.#sinceTrim += ended.length
    const mustTrim = this.#sinceTrim >= TRIM_EVERY
    if (mustTrim) this.#sinceTrim = 0
    await this.#webhooks.commit([
      ...ended.map(({ result }) => saveResult(result)),
      ...endpoints.map(saveHealth),
      ...[...recovered].map((id) => hastenDeliveries(id, now)),
      ...(mustTrim ? endpoints.map(({ id }) => deleteOldDeliveries(id, now)) : []),
    ])
    return false
  }
}
