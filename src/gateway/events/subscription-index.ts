/** Finds the subscriptions that want an event by its account and collection, so that the cost grows with those it finds. */
import { type EventFilter, prefixesOf, wants } from '#src/gateway/events/filter.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'

interface Indexed {
  readonly filter: EventFilter
  readonly includePrivate: boolean
}

export class SubscriptionIndex<S extends Indexed> {
  /** With a filter by account: no other event needs them. */
  readonly #byDid = new ByKey<S>()
  readonly #byCollection = new ByKey<S>()
  readonly #byPrefix = new ByKey<S>()
  /** With a filter by collection: other events than commits pass it. */
  readonly #ofCollections = new Set<S>()
  /** With a filter by kind alone, or that want private events too. */
  readonly #others = new Set<S>()
  /** Without a filter. */
  readonly unfiltered = new Set<S>()

  add(subscription: S): void {
    this.#change(subscription, 'add')
  }

  remove(subscription: S): void {
    this.#change(subscription, 'delete')
  }

  /** Without those of `unfiltered`. */
  wanting(event: StreamEvent): ReadonlySet<S> {
    const found = new Set<S>()
    const take = (subscription: S) => {
      if (event.isPrivate && !subscription.includePrivate) return
      if (wants(subscription.filter, event)) found.add(subscription)
    }
    this.#byDid.visit(event.did, take)
    this.#others.forEach(take)
    const { collection } = event
    if (collection === undefined) this.#ofCollections.forEach(take)
    else if (this.#ofCollections.size > 0) {
      this.#byCollection.visit(collection, take)
      for (const prefix of prefixesOf(collection)) this.#byPrefix.visit(prefix, take)
    }
    return found
  }

  #change(subscription: S, how: 'add' | 'delete'): void {
    const { kinds, dids, collections } = subscription.filter
    if (dids !== undefined) for (const did of dids) this.#byDid[how](did, subscription)
    else if (collections !== undefined) {
      this.#ofCollections[how](subscription)
      for (const nsid of collections.nsids) this.#byCollection[how](nsid, subscription)
      for (const prefix of collections.prefixes) this.#byPrefix[how](prefix, subscription)
    } else if (kinds !== undefined || subscription.includePrivate) this.#others[how](subscription)
    else this.unfiltered[how](subscription)
  }
}

/** Most keys have one subscription, for which a set would cost more memory than it does. */
class ByKey<S> {
  readonly #byKey = new Map<string, S | Set<S>>()

  add(key: string, subscription: S): void {
    const known = this.#byKey.get(key)
    if (known === undefined) this.#byKey.set(key, subscription)
    else if (known instanceof Set) known.add(subscription)
    else this.#byKey.set(key, new Set([known, subscription]))
  }

  delete(key: string, subscription: S): void {
    const known = this.#byKey.get(key)
    if (known === subscription) this.#byKey.delete(key)
    else if (known instanceof Set && known.delete(subscription) && known.size === 0) {
      this.#byKey.delete(key)
    }
  }

  visit(key: string, take: (subscription: S) => void): void {
    const known = this.#byKey.get(key)
    if (known instanceof Set) known.forEach(take)
    else if (known !== undefined) take(known)
  }
}
