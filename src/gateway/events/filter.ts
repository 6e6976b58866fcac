/** Which events a subscriber is sent: by kind, account and collection. */
import { isValidDid, isValidNsid } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'

/** All that are given must match; what is not given matches everything. `collections` is for commits alone. */
export interface EventFilter {
  kinds?: ReadonlySet<string>
  dids?: ReadonlySet<string>
  collections?: CollectionFilter
}

export interface CollectionFilter {
  nsids: ReadonlySet<string>
  /** Each ends in a dot, such as `app.bsky.`. */
  prefixes: ReadonlySet<string>
}

export function wants({ kinds, dids, collections }: EventFilter, event: StreamEvent): boolean {
  if (kinds !== undefined && !kinds.has(event.kind)) return false
  if (dids !== undefined && !dids.has(event.did)) return false
  if (collections === undefined || event.commit === undefined) return true
  return inCollections(collections, event.commit.collection)
}

function inCollections({ nsids, prefixes }: CollectionFilter, collection: string): boolean {
  if (nsids.has(collection)) return true
  if (prefixes.size === 0) return false
  for (const prefix of prefixesOf(collection)) if (prefixes.has(prefix)) return true
  return false
}

/** `app.` and `app.bsky.` of `app.bsky.actor`: what could name it with a wildcard. */
export function prefixesOf(collection: string): string[] {
  const prefixes: string[] = []
  for (let dot = collection.indexOf('.'); dot !== -1; dot = collection.indexOf('.', dot + 1)) {
    prefixes.push(collection.slice(0, dot + 1))
  }
  return prefixes
}

export interface FilterRules {
  maxCollections: number
  maxDids: number
  /** Whether what is before `.*` must be the beginning of an NSID; if not, it is not checked. */
  checkPrefixes: boolean
}

/**
 * Each value an NSID, or the beginning of some and `.*`. Without repetitions at most `maxCollections`. Throws 400
 * InvalidRequest. Undefined if there are no values.
 */
export function parseCollections(
  values: readonly string[],
  { maxCollections, checkPrefixes }: FilterRules,
): CollectionFilter | undefined {
  if (values.length === 0) return undefined
  const nsids = new Set<string>()
  const prefixes = new Set<string>()
  for (const value of values) {
    if (value.endsWith('.*')) {
      if (checkPrefixes && !isValidNsid(`${value.slice(0, -1)}x`)) {
        throw invalidRequest(`invalid collection wildcard: ${value}`)
      }
      prefixes.add(value.slice(0, -1))
    } else if (isValidNsid(value)) nsids.add(value)
    else throw invalidRequest(`invalid collection: ${value}`)
    if (nsids.size + prefixes.size > maxCollections) {
      throw invalidRequest(`too many wanted collections: > ${maxCollections}`)
    }
  }
  return { nsids, prefixes }
}

/** Without repetitions at most `maxDids`. Throws 400 InvalidRequest. Undefined if there are no values. */
export function parseDids(
  values: readonly string[],
  { maxDids }: FilterRules,
): ReadonlySet<string> | undefined {
  if (values.length === 0) return undefined
  const dids = new Set<string>()
  for (const value of values) {
    if (!isValidDid(value)) throw invalidRequest(`invalid DID: ${value}`)
    dids.add(value)
    if (dids.size > maxDids) throw invalidRequest(`too many wanted DIDs: > ${maxDids}`)
  }
  return dids
}
