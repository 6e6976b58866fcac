/** Finds the listeners that want an event by its account and collection, so that the cost grows with those it finds. */
import { type EventFilter, prefixesOf, wants } from '#src/gateway/events/filter.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'

export interface Listener {
  readonly filter: EventFilter
  readonly includePrivate: boolean
}

export class ListenerIndex<L extends Listener> {
  /** With a filter by account: no other event needs them. */
  readonly #byDid = new Listeners<L>()
  readonly #byCollection = new Listeners<L>()
  readonly #byPrefix = new Listeners<L>()
  /** With a filter by collection: other events than commits pass it. */
  readonly #ofCollections = new Set<L>()
  /** With a filter by kind alone, or that want private events too. */
  readonly #others = new Set<L>()
  /** Without a filter. */
  readonly unfiltered = new Set<L>()

  add(listener: L): void {
    this.#change(listener, 'add')
  }

  remove(listener: L): void {
    this.#change(listener, 'delete')
  }

  /** Without those of `unfiltered`. */
  wanting(event: StreamEvent): ReadonlySet<L> {
    const found = new Set<L>()
    const take = (listener: L) => {
      if (event.isPrivate && !listener.includePrivate) return
      if (wants(listener.filter, event)) found.add(listener)
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

  #change(listener: L, how: 'add' | 'delete'): void {
    const { kinds, dids, collections } = listener.filter
    if (dids !== undefined) for (const did of dids) this.#byDid[how](did, listener)
    else if (collections !== undefined) {
      this.#ofCollections[how](listener)
      for (const nsid of collections.nsids) this.#byCollection[how](nsid, listener)
      for (const prefix of collections.prefixes) this.#byPrefix[how](prefix, listener)
    } else if (kinds !== undefined || listener.includePrivate) this.#others[how](listener)
    else this.unfiltered[how](listener)
  }
}

/** Most keys have one listener, for which a set would cost more memory than the listener. */
class Listeners<L> {
  readonly #byKey = new Map<string, L | Set<L>>()

  add(key: string, listener: L): void {
    const known = this.#byKey.get(key)
    if (known === undefined) this.#byKey.set(key, listener)
    else if (known instanceof Set) known.add(listener)
    else this.#byKey.set(key, new Set([known, listener]))
  }

  delete(key: string, listener: L): void {
    const known = this.#byKey.get(key)
    if (known === listener) this.#byKey.delete(key)
    else if (known instanceof Set && known.delete(listener) && known.size === 0) {
      this.#byKey.delete(key)
    }
  }

  visit(key: string, take: (listener: L) => void): void {
    const known = this.#byKey.get(key)
    if (known instanceof Set) known.forEach(take)
    else if (known !== undefined) take(known)
  }
}
