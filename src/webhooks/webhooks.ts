/**
 * The webhooks of one owner: its endpoints, the events that they want, and the deliveries that wait.
 *
 * 1. The feed follows the sequencer's logs from the position of the endpoints, and stores a delivery for each event that
 *    one wants, in one transaction with the position.
 * 2. The sender makes the deliveries, and stores how they ended.
 * 3. If a transaction fails, it is unknown what was stored: nothing is read or sent until everything is read again.
 *
 * Without an enabled endpoint nothing is followed, and the actor may sleep.
 */
import { invalidRequest } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { LogPage } from '#src/sequencer/log.ts'
import { Feed } from '#src/webhooks/feed.ts'
import type { PostMessage } from '#src/webhooks/post-message.ts'
import { Sender } from '#src/webhooks/sender.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'
import { lastDeliveryId } from '#src/webhooks/stored-deliveries.ts'
import {
  type DisabledReason,
  type Endpoint,
  loadEndpoints,
} from '#src/webhooks/stored-endpoints.ts'

export interface WebhookBounds {
  endpoints: number
  /** Deliveries that wait for one endpoint, and the bytes of their bodies. */
  waiting: number
  waitingBytes: number
  /** Requests under way to one endpoint, and to all of the owner. */
  inFlight: number
  inFlightOfOwner: number
}

export const webhookBounds: WebhookBounds = {
  endpoints: 20,
  waiting: 10_000,
  waitingBytes: 16 * 1024 * 1024,
  inFlight: 8,
  inFlightOfOwner: 16,
}

export interface WebhookPorts {
  /** `SERVER_OWNER`, or the `tenantOwner` of a tenant. */
  owner: string
  sql: Sql
  clock: Clock
  timer: Timer
  log: Pick<Log, 'warn'>
  keys: Keychain
  /** In [0, 1). */
  random(): number
  source: {
    bounds(): Promise<{ head: number }>
    follow(query: { after: number; waitMs: number; includePrivate: true }): Promise<LogPage>
  }
  post: PostMessage
  /** Why the server does not send to the address; undefined if it does. */
  refusalOf(url: URL): Promise<string | undefined>
  /** Whether the directory lists the owner, so that the actor is woken after a restart. */
  setListed(isListed: boolean): Promise<void>
  /** Handles by DID, of the accounts that exist. */
  handlesOf(dids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Owners by DID, of the accounts of tenants. */
  ownersOf(dids: readonly string[]): Promise<ReadonlyMap<string, string>>
  isActorStopped(error: unknown): boolean
  stats: WebhookStats
  /** Called if no endpoint is enabled. */
  onIdle(): void
  bounds?: WebhookBounds
}

const MAX_PAUSE_MS = 5_000

export class Webhooks {
  readonly ports: WebhookPorts
  readonly bounds: WebhookBounds
  readonly endpoints = new Map<string, Endpoint>()
  /** One writer at a time, so that the memory follows the order of the transactions. */
  readonly mutex = new Mutex()
  readonly feed: Feed
  readonly sender: Sender
  lastDeliveryId = 0
  isClosed = false
  /** Whether the memory agrees with the database. */
  isReady = false
  #reloads = 0
  #cancelReload = () => {}
  #endStats = () => {}

  constructor(ports: WebhookPorts) {
    this.ports = ports
    this.bounds = ports.bounds ?? webhookBounds
    this.feed = new Feed(this)
    this.sender = new Sender(this)
  }

  /** Reads everything; rejects if that fails. */
  async open(): Promise<void> {
    await this.mutex.run(() => this.#load())
    this.#endStats = this.ports.stats.add({
      waiting: () => this.#sum(({ queue }) => queue.count),
      oldestAt: () => this.#oldestAt(),
      disabled: () => this.#sum(({ disabledReason }) => Number(isDisabledByServer(disabledReason))),
    })
  }

  close(): void {
    this.isClosed = true
    this.isReady = false
    this.#cancelReload()
    this.#endStats()
    this.feed.change()
    this.sender.stop()
  }

  get enabled(): Endpoint[] {
    return [...this.endpoints.values()].filter(({ disabledAt }) => disabledAt === null)
  }

  /** Throws 400 EndpointNotFound. */
  endpoint(id: string): Endpoint {
    const endpoint = this.endpoints.get(id)
    if (endpoint === undefined) throw invalidRequest('No such endpoint', 'EndpointNotFound')
    return endpoint
  }

  /** Only within `mutex`. Resolves when it is durable. Rejects if the transaction failed. */
  async store(statements: readonly Statement[]): Promise<void> {
    await this.#run(() => this.ports.sql.batch(statements))
  }

  /**
   * As `store`, but a power failure may undo it. For what can be made again from the log, which is durable, and for the
   * results of attempts, which are made once more if their results are lost.
   */
  async commit(statements: readonly Statement[]): Promise<void> {
    await this.#run(() => this.ports.sql.commit(statements))
  }

  async #run(transaction: () => Promise<void>): Promise<void> {
    try {
      await transaction()
    } catch (error) {
      this.#readAgain(error)
      throw error
    }
  }

  /** Call when endpoints have changed. */
  changed(): void {
    if (!this.isReady) return
    this.feed.change()
    this.sender.pump()
    if (this.enabled.length === 0) this.ports.onIdle()
  }

  async #load(): Promise<void> {
    const { sql } = this.ports
    const endpoints = await loadEndpoints(sql)
    this.lastDeliveryId = await lastDeliveryId(sql)
    this.endpoints.clear()
    for (const endpoint of endpoints) this.endpoints.set(endpoint.id, endpoint)
    if (this.isClosed) return
    this.isReady = true
    this.#reloads = 0
    this.changed()
  }

  #readAgain(error: unknown): void {
    if (this.isClosed) return
    if (this.ports.isActorStopped(error)) {
      this.close()
      return
    }
    this.isReady = false
    const { log, owner, timer } = this.ports
    log.warn({ err: error, owner }, 'storing webhook deliveries failed, will be retried')
    const pauseMs = Math.min(MAX_PAUSE_MS, 100 * 2 ** this.#reloads++)
    this.#cancelReload()
    this.#cancelReload = timer(pauseMs, () => {
      this.mutex.run(() => this.#load()).catch((again) => this.#readAgain(again))
    })
  }

  #sum(count: (endpoint: Endpoint) => number): number {
    return [...this.endpoints.values()].reduce((sum, endpoint) => sum + count(endpoint), 0)
  }

  #oldestAt(): number | undefined {
    const all = this.enabled.map(({ queue }) => queue.oldestAt() ?? Infinity)
    const oldest = Math.min(Infinity, ...all)
    return oldest === Infinity ? undefined : oldest
  }
}

function isDisabledByServer(reason: DisabledReason | null): boolean {
  return reason === 'gone' || reason === 'failing'
}

export async function openWebhooks(ports: WebhookPorts): Promise<Webhooks> {
  const webhooks = new Webhooks(ports)
  await webhooks.open()
  return webhooks
}

/** The call wakes the actor, which goes on where it was. If no endpoint is enabled, the owner is not listed any more. */
export async function resume(webhooks: Webhooks): Promise<void> {
  await webhooks.mutex.run(async () => {
    if (webhooks.isReady && webhooks.enabled.length === 0) await webhooks.ports.setListed(false)
  })
}
