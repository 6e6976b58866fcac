/**
 * One connection that receives events: its subscriptions, each with its own filter and position, and what is sent on it besides
 * events. It ends with its credential.
 */
import { XrpcError } from '#src/errors.ts'
import type { Batch } from '#src/gateway/events/batch.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Subscription } from '#src/gateway/events/subscription.ts'
import { notAMember } from '#src/gateway/group/not-a-member.ts'
import type { SubscriptionRequest } from '#src/gateway/realtime/client-messages.ts'
import {
  type Credential,
  countedDidOf,
  didOf,
  isOfSameCaller,
  type MemberRole,
} from '#src/gateway/realtime/credential.ts'
import { visiblePart } from '#src/gateway/realtime/event-text.ts'
import {
  mustReceiveOfAll,
  type RequestedEvents,
  type RequestPorts,
  requestedEvents,
} from '#src/gateway/realtime/requested-events.ts'
import {
  expiredToken,
  internalError,
  tooManySubscriptions,
  tooSlow,
} from '#src/gateway/realtime/subscriber-errors.ts'
import { SubscriberOutput } from '#src/gateway/realtime/subscriber-output.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'

export const MAX_SUBSCRIPTIONS = 100
const EXPIRING_MS = 60_000

export interface SubscriberPorts extends RequestPorts {
  stream: Pick<EventStream, 'subscribe' | 'bounds' | 'head'>
  onEventsSent(count: number): void
  onError(error: unknown): void
}

interface Named {
  requested: RequestedEvents
  subscription: Subscription
}

export class Subscriber {
  readonly #ports: SubscriberPorts
  readonly #transport: Transport
  readonly #perCommit: boolean
  /** The subscription of the connection itself has the name ''. */
  readonly #byName = new Map<string, Named>()
  readonly #output: SubscriberOutput
  #hasWarned = false
  #ended: XrpcError | undefined
  #credential: Credential
  /** How many channels it has joined: they count as subscriptions do. */
  joinedChannels = 0
  onEnd = () => {}

  constructor(
    ports: SubscriberPorts,
    options: { transport: Transport; credential: Credential; perCommit?: boolean },
  ) {
    this.#ports = ports
    this.#transport = options.transport
    this.#credential = options.credential
    this.#perCommit = options.perCommit ?? false
    this.#output = new SubscriberOutput({
      ...{ transport: options.transport, perCommit: this.#perCommit },
      onEventsSent: (count) => ports.onEventsSent(count),
      onDrain: () => this.onDrain(),
    })
  }

  get credential(): Credential {
    return this.#credential
  }

  get did(): string | undefined {
    return didOf(this.#credential)
  }

  /** Whom bounds count. */
  get countedDid(): string | undefined {
    return countedDidOf(this.#credential)
  }

  /** Why it has ended, also if it was ended before it began to send. */
  get ended(): XrpcError | undefined {
    return this.#ended
  }

  get hasRoom(): boolean {
    return this.#transport.hasRoom
  }

  /** Throws 429 TooManySubscriptions. */
  mustNotBeFull(): void {
    if (this.#byName.size + this.joinedChannels >= MAX_SUBSCRIPTIONS) throw tooManySubscriptions()
  }

  /** Adds a subscription, or replaces the one of this name. Throws as `requestedEvents`. */
  async subscribe(name: string, request: SubscriptionRequest): Promise<void> {
    if (!this.#byName.has(name)) this.mustNotBeFull()
    const requested = await requestedEvents(this.#ports, this.#credential, request)
    const { cursor: after } = request
    const { stream } = this.#ports
    if (this.#ended !== undefined) throw this.#ended
    this.#byName.get(name)?.subscription.close()
    if (name !== '') this.send('subscribed', { id: name, seq: after ?? stream.head })
    const subscription = stream.subscribe({
      ...{ filter: requested.filter, includePrivate: requested.includePrivate, after },
      sink: {
        send: (batch) => this.#sendBatch(name, batch, after ?? 0),
        onCaughtUp: (seq) => this.#output.messageAbout(name, 'ready', { seq }),
        onGap: (gap) =>
          this.#output.messageAbout(name, 'info', {
            ...{ name: 'OutdatedCursor', message: OUTDATED },
            ...gap,
          }),
        onTooSlow: () => this.end(tooSlow()),
        onError: (error) => {
          if (error instanceof XrpcError) return this.end(error)
          this.#ports.onError(error)
          this.end(internalError())
        },
      },
    })
    this.#byName.set(name, { requested, subscription })
  }

  unsubscribe(name: string): void {
    this.#byName.get(name)?.subscription.close()
    this.#byName.delete(name)
    this.send('unsubscribed', { id: name })
  }

  /** The same account with a later token. Throws 403 ScopeMissing if it may not receive what is subscribed to. */
  renew(credential: Credential): void {
    if (!isOfSameCaller(credential, this.#credential)) {
      throw new XrpcError(401, 'InvalidTicket', 'The ticket is of another account')
    }
    for (const { requested } of this.#byName.values()) {
      const dids = [...(requested.filter.dids ?? [])]
      for (const kind of requested.named) mustReceiveOfAll(kind, this.#ports, credential, dids)
    }
    this.#credential = credential
    this.#hasWarned = false
  }

  /** From here on it receives what the role allows. What is known to be older than its credential has no effect. */
  changeMember(member: MemberRole): void {
    const credential = this.#credential
    if (credential.kind !== 'member' || member.asOf < credential.member.asOf) return
    const { role, scope } = credential.member
    this.#credential = { ...credential, member }
    if (role === member.role && scope === member.scope) return
    this.send('info', { name: 'RoleChanged', message: 'What you may receive has changed' })
  }

  /** More can be sent. */
  onDrain(): void {
    this.#output.drained()
    for (const { subscription } of this.#byName.values()) {
      if (!this.#output.takesMore) return
      subscription.resume()
    }
  }

  /** To be called every second or so. `now` is the time, `monotonicNow` counts on; in ms. */
  check(now: number, monotonicNow: number): void {
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#credential
    if (expiresAt <= now) this.end(expiredToken())
    if (membershipEnd(this.#credential) <= now) this.end(notAMember())
    if (this.#ended !== undefined) return
    if (expiresAt - now <= EXPIRING_MS && !this.#hasWarned) {
      this.#hasWarned = true
      this.send('info', { name: 'Expiring', message: 'The token of the connection ends soon' })
    }
    this.#output.tick(monotonicNow, () => this.#position())
  }

  /** A message that is not an event. */
  send(type: string, fields: object): void {
    this.#output.message(type, fields)
  }

  end(error: XrpcError): void {
    if (!this.#close(error)) return
    this.#transport.fail(error)
  }

  goAway(): void {
    this.send('info', { name: 'Restarting', message: 'The server is stopping' })
    if (this.#close(new XrpcError(503, 'Restarting', 'The server is stopping'))) {
      this.#transport.goAway()
    }
  }

  /** Sends nothing to the client, which is gone, or gets the reason elsewhere. */
  close(why = new XrpcError(400, 'Closed', 'The client has disconnected')): void {
    this.#close(why)
  }

  #close(why: XrpcError): boolean {
    if (this.#ended !== undefined) return false
    this.#ended = why
    this.#output.clear()
    for (const { subscription } of this.#byName.values()) subscription.close()
    this.onEnd()
    return true
  }

  /** Everything up to here has been sent. */
  #position(): number {
    const positions = [...this.#byName.values()].map(({ subscription }) => subscription.position)
    return Math.min(this.#ports.stream.head, ...positions)
  }

  #sendBatch(name: string, batch: Batch, after: number): boolean {
    if (this.#ended !== undefined) return false
    const isAlone = name === '' && this.#byName.size <= 1 && !this.#perCommit
    const isPlain = ({ isPrivate, seq }: StreamEvent) => !isPrivate && seq > after
    if (isAlone && batch.events.every(isPlain)) return this.#output.batch(batch)
    for (const event of batch.events) {
      if (event.seq <= after) continue
      const fields = event.isPrivate ? visiblePart(event, this.#credential, this.#ports) : undefined
      if (!event.isPrivate || fields !== undefined) this.#output.add(name, event, fields)
    }
    return this.#output.endBatch()
  }
}

function membershipEnd(credential: Credential): number {
  return (credential.kind === 'member' ? credential.member.endsAt : undefined) ?? Infinity
}

const OUTDATED = 'Events after the cursor are no longer kept'
