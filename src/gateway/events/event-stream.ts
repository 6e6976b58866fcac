/**
 * The events of all accounts for the subscribers of this process: follows the firehose of the process, makes events of
 * its frames while it has subscribers, and gives each to those that want it.
 */

import { Batch } from '#src/gateway/events/batch.ts'
import { EventRing, type EventRingLimits, type Segment } from '#src/gateway/events/event-ring.ts'
import { project, projectAll, projectPrivate } from '#src/gateway/events/project.ts'
import { type EventSource, type FindHidden, Replay } from '#src/gateway/events/replay.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { type SubscribeOptions, Subscription } from '#src/gateway/events/subscription.ts'
import { SubscriptionIndex } from '#src/gateway/events/subscription-index.ts'
import {
  WatchedAccounts,
  type WatchedAccountsLimits,
} from '#src/gateway/events/watched-accounts.ts'
import type { FanOut, FollowedPage, PageListener } from '#src/gateway/firehose/fan-out.ts'
import { frameKind } from '#src/protocol/frame-reader.ts'
import { MAX_LOOKED_UP_ACCOUNTS } from '#src/rules/account-lookups.ts'

export interface EventStreamPorts {
  fanOut: Pick<FanOut, 'ready' | 'listen' | 'ring'>
  source: EventSource
  findHidden: FindHidden
  limits?: EventRingLimits
  watchedAccounts?: WatchedAccountsLimits
}

type Listener = (event: StreamEvent) => void

export class EventStream implements PageListener {
  readonly #fanOut: EventStreamPorts['fanOut']
  readonly #source: EventSource
  readonly #replay: Replay
  readonly #ring: EventRing
  readonly #index = new SubscriptionIndex<Subscription>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #privateListeners = new Set<Listener>()
  readonly #accountListeners = new Set<Listener>()
  readonly #watched: WatchedAccounts

  constructor({ fanOut, source, findHidden, ...bounds }: EventStreamPorts) {
    const { limits, watchedAccounts } = bounds
    this.#watched = new WatchedAccounts(watchedAccounts)
    this.#fanOut = fanOut
    this.#source = source
    this.#replay = new Replay(source, findHidden)
    this.#ring = new EventRing(limits)
    fanOut.listen(this)
  }

  /** Resolves when it is known what "from now on" is; `subscribe` only after that. */
  ready(): Promise<void> {
    return this.#fanOut.ready()
  }

  /** Seq up to which this process has heard all events. */
  get head(): number {
    return this.#fanOut.ring.head
  }

  /** The range of cursors: see the sequencer's `bounds`. */
  bounds(): Promise<{ first: number; head: number }> {
    return this.#source.bounds()
  }

  get hasSubscribers(): boolean {
    return this.#subscriptions.size > 0
  }

  /** Throws 503 if the subscribers of this process follow too many accounts. */
  subscribe(options: SubscribeOptions): Subscription {
    const { filter, includePrivate, address = '' } = options
    if (includePrivate && (filter.dids?.size ?? Infinity) > MAX_LOOKED_UP_ACCOUNTS) {
      throw new Error('private events are for named accounts only')
    }
    this.#watched.change(address, {}, filter)
    if (!this.hasSubscribers) this.#ring.reset(this.head)
    const subscription: Subscription = new Subscription(options, {
      ring: this.#ring,
      index: this.#index,
      replay: this.#replay,
      bounds: () => this.#source.bounds(),
      onFilter: (from, to) => this.#watched.change(address, from, to),
      onEnd: () => {
        this.#watched.change(address, subscription.filter, {})
        this.#subscriptions.delete(subscription)
        if (!this.hasSubscribers) this.#ring.reset(this.head)
      },
    })
    this.#subscriptions.add(subscription)
    return subscription
  }

  /**
   * Calls `listener` with every private event, before this process passes on anything that came later; also without
   * subscribers. The returned function ends it.
   */
  onPrivateEvent(listener: Listener): () => void {
    this.#privateListeners.add(listener)
    return () => void this.#privateListeners.delete(listener)
  }

  /** As `onPrivateEvent`, with every `account` event; the two are in the order of their seqs. */
  onAccountEvent(listener: Listener): () => void {
    this.#accountListeners.add(listener)
    return () => void this.#accountListeners.delete(listener)
  }

  reset(head: number): void {
    for (const subscription of this.#subscriptions) subscription.leaveRing()
    this.#ring.reset(head)
  }

  page({ events, privateEvents, through, complete }: FollowedPage): void {
    const accountEvents = events.filter(({ frame }) => frameKind(frame) === '#account')
    const accounts = accountEvents.flatMap(project)
    this.#tell([...accounts, ...privateEvents.map(projectPrivate)])
    if (this.hasSubscribers) {
      const segment = this.#ring.append(projectAll(events, privateEvents), through)
      if (segment !== undefined) this.#give(segment)
    } else this.#ring.reset(through)
    const hiddenAt = accounts.findLast(({ account }) => isHidden(account?.status))?.seq
    this.#ring.dropBefore(Math.max(complete, hiddenAt ?? 0))
  }

  #tell(events: StreamEvent[]): void {
    for (const event of events.sort((a, b) => a.seq - b.seq)) {
      const listeners = event.isPrivate ? this.#privateListeners : this.#accountListeners
      for (const listener of listeners) listener(event)
    }
  }

  #give({ events, publicEvents }: Segment): void {
    const wanted = new Map<Subscription, StreamEvent[]>()
    for (const event of events) {
      for (const subscription of this.#index.wanting(event)) {
        const own = wanted.get(subscription)
        if (own === undefined) wanted.set(subscription, [event])
        else own.push(event)
      }
    }
    for (const subscription of [...this.#index.unfiltered]) subscription.give(publicEvents)
    for (const [subscription, own] of wanted) subscription.give(new Batch(own))
  }
}

/** Whether the records of an account with this status are served to no one. */
export function isHidden(status: string | undefined): boolean {
  return status === 'takendown' || status === 'suspended' || status === 'deleted'
}
