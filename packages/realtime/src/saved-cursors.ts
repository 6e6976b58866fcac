/** Keeps the position of each subscription in a store, so that a reload continues from there. */
import type { SubscriptionFilter } from './messages.ts'

/** `localStorage`, or anything like it, also asynchronous. */
export interface CursorStore {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>
  setItem(key: string, value: string): unknown
}

const SAVE_AFTER_MS = 1_000
/** Of subscriptions that this page has not (yet) made. */
const MAX_OTHERS = 100

interface HasPosition {
  readonly position: number | undefined
}

export class SavedCursors {
  readonly #store: CursorStore
  readonly #key: string
  readonly #saved: Map<string, number>
  readonly #current = new Map<string, Set<HasPosition>>()
  #timeout: ReturnType<typeof setTimeout> | undefined

  private constructor(store: CursorStore, key: string, saved: Map<string, number>) {
    this.#store = store
    this.#key = key
    this.#saved = saved
  }

  /** Rejects as the store does; what is stored and cannot be read counts as nothing. */
  static async load(store: CursorStore, key: string): Promise<SavedCursors> {
    return new SavedCursors(store, key, parse(await store.getItem(key)))
  }

  cursorOf(filter: SubscriptionFilter): number | undefined {
    return this.#saved.get(JSON.stringify(filter))
  }

  /** Saves the position from now on, until the returned function is called. */
  follow(filter: SubscriptionFilter, one: HasPosition): () => void {
    const key = JSON.stringify(filter)
    const followed = this.#current.get(key) ?? new Set()
    this.#current.set(key, followed.add(one))
    return () => {
      if (one.position !== undefined) this.#saved.set(key, one.position)
      followed.delete(one)
      if (followed.size === 0) this.#current.delete(key)
      this.changed()
    }
  }

  changed(): void {
    // If the store refuses it, a later one may succeed.
    this.#timeout ??= setTimeout(() => void this.save().catch(() => {}), SAVE_AFTER_MS)
  }

  /** Rejects as the store does. */
  async save(): Promise<void> {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
    for (const [key, followed] of this.#current) {
      const positions = [...followed].map(({ position }) => position)
      const known = positions.filter((position) => position !== undefined)
      this.#saved.delete(key)
      // The oldest, so that none of them misses anything.
      if (known.length > 0) this.#saved.set(key, Math.min(...known))
    }
    const kept = [...this.#saved].slice(-(this.#current.size + MAX_OTHERS))
    await this.#store.setItem(this.#key, JSON.stringify(kept))
  }

  close(): void {
    clearTimeout(this.#timeout)
  }
}

function parse(text: string | null | undefined): Map<string, number> {
  try {
    const entries = JSON.parse(text ?? '[]') as [string, number][]
    return new Map(entries.filter(([, cursor]) => Number.isSafeInteger(cursor)))
  } catch {
    return new Map()
  }
}
