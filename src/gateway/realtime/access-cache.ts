/** Caches what the records of channels say about who may join, by account. */
import type { Channel } from '#src/channels/channels.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** `group`: the members of the account, if it is a group. */
export type Access = 'everyone' | 'group' | ReadonlySet<string>

/** Members in all. */
const MAX_CACHED = 200_000

export class AccessCache {
  readonly #byKey = new IndexedMap(MAX_CACHED, (_, access) =>
    typeof access === 'string' ? 1 : access.size + 1,
  )

  get(channel: Channel): Access | undefined {
    return this.#byKey.get(keyOf(channel))
  }

  set(channel: Channel, access: Access): void {
    this.#byKey.set(keyOf(channel), access)
  }

  delete(channel: Channel): void {
    this.#byKey.delete(keyOf(channel))
  }

  /** Those of all channels of the account. */
  deleteOf(did: string): void {
    for (const key of this.#byKey.keysOf(did)) this.#byKey.delete(key)
  }

  clear(): void {
    this.#byKey.clear()
  }
}

class IndexedMap extends BoundedMap<string, Access> {
  readonly #keysByDid = new Map<string, Set<string>>()

  keysOf(did: string): string[] {
    return [...(this.#keysByDid.get(did) ?? [])]
  }

  override set(key: string, access: Access): this {
    super.set(key, access)
    const did = didOf(key)
    if (this.has(key)) this.#keysByDid.set(did, (this.#keysByDid.get(did) ?? new Set()).add(key))
    return this
  }

  override delete(key: string): boolean {
    const did = didOf(key)
    const keys = this.#keysByDid.get(did)
    if (keys?.delete(key) && keys.size === 0) this.#keysByDid.delete(did)
    return super.delete(key)
  }

  override clear(): void {
    super.clear()
    this.#keysByDid.clear()
  }
}

function keyOf({ did, name }: Channel): string {
  return `${did} ${name}`
}

function didOf(key: string): string {
  return key.slice(0, key.indexOf(' '))
}
