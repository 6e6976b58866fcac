/** Subscriptions within one stream of events: which events are theirs, and one query that covers them all. */
import type { ServerMessage, SubscriptionFilter } from './messages.ts'

export interface StreamSubscription {
  filter: SubscriptionFilter
  /** The seq up to which it has everything; undefined until the stream is live. */
  position: number | undefined
}

export function matches({ filter, position }: StreamSubscription, event: ServerMessage): boolean {
  const { did, kinds, collections } = filter
  if (position === undefined || event.seq! < position || event['did'] !== did) return false
  if (kinds !== undefined && !kinds.includes(event.type)) return false
  if (event.type !== 'commit' || collections === undefined) return true
  return collections.some((pattern) => isInCollections(pattern, String(event['collection'])))
}

/** `pattern` is an NSID, or a prefix and `.*`. */
export function isInCollections(pattern: string, collection: string): boolean {
  if (!pattern.endsWith('.*')) return pattern === collection
  return collection.startsWith(pattern.slice(0, -1))
}

/** Parameters of a request whose events include those of every subscription. */
export function coveringQuery(subscriptions: readonly StreamSubscription[]): URLSearchParams {
  const filters = subscriptions.map(({ filter }) => filter)
  const positions = subscriptions.flatMap(({ position }) =>
    position === undefined ? [] : [position],
  )
  const parameters: [string, string][] = [
    ...union(filters.map(({ did }) => [did])).map((did) => named('dids', did)),
    ...union(filters.map(({ kinds }) => kinds)).map((kind) => named('kinds', kind)),
    ...union(filters.map(collectionsOf)).map((one) => named('collections', one)),
    ...(positions.length > 0 ? [named('cursor', String(Math.min(...positions)))] : []),
  ]
  return new URLSearchParams(parameters)
}

/** None if a filter is about no commits, since it asks for no collection. */
function collectionsOf({ kinds, collections }: SubscriptionFilter): readonly string[] | undefined {
  return kinds !== undefined && !kinds.includes('commit') ? [] : collections
}

/** Empty, which means everything, if one of the lists is absent. */
function union(lists: readonly (readonly string[] | undefined)[]): string[] {
  if (lists.some((list) => list === undefined)) return []
  return [...new Set(lists.flatMap((list) => list!))]
}

function named(name: string, value: string): [string, string] {
  return [name, value]
}
