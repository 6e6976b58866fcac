/** The types of webhook messages, and which of them an endpoint wants. */
import { invalidRequest } from '#src/errors.ts'

export const eventTypes = [
  'account.created',
  'account.claimed',
  'account.updated',
  'account.handle_changed',
  'account.activated',
  'account.deactivated',
  'account.suspended',
  'account.takendown',
  'account.restored',
  'account.deleted',
  'group.member_added',
  'group.member_removed',
  'group.role_changed',
  'session.created',
  'session.ended',
  'session.failed',
  'app_password.created',
  'app_password.revoked',
  'oauth.granted',
  'oauth.changed',
  'oauth.revoked',
  'record.created',
  'record.updated',
  'record.deleted',
  'record.takendown',
  'record.restored',
  'blob.deleted',
  'blob.takendown',
  'blob.restored',
  'report.received',
  'relay.throttled',
  'archive.failed',
  'invite.used',
  'job.finished',
  'quota.warning',
  'tenant.suspended',
  'tenant.restored',
] as const

export type EventType = (typeof eventTypes)[number]

/** Sent to an endpoint that has missed events. */
export const EVENTS_MISSED = 'webhook.events_missed'
export const TEST = 'webhook.test'

export interface Filter {
  /** Names of types, `account.*` for all that begin so, `*` for all but those of records in commits. */
  types: readonly string[]
  /** NSIDs, or their beginning with `.*`, for the types of records in commits. */
  collections: readonly string[]
}

const MAX_TYPES = 50
const MAX_COLLECTIONS = 100
const MAX_COLLECTION_LENGTH = 317
const ALL = '*'

/** Throws 400 for an unknown type, for records without collections, and for collections without records. */
export function mustBeFilter({ types, collections }: Filter): void {
  if (types.length === 0 || types.length > MAX_TYPES) {
    throw invalidRequest(`An endpoint needs 1 to ${MAX_TYPES} types`)
  }
  for (const type of types) {
    const isKnown = type === ALL || eventTypes.some((known) => matches(type, known))
    if (!isKnown) throw invalidRequest(`Unknown type: ${type.slice(0, 64)}`, 'UnknownType')
  }
  if (collections.length > MAX_COLLECTIONS) {
    throw invalidRequest(`At most ${MAX_COLLECTIONS} collections`)
  }
  for (const collection of collections) {
    const isNsid = /^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+(\.\*)?$/.test(collection)
    if (!isNsid || collection.length > MAX_COLLECTION_LENGTH) {
      throw invalidRequest(`Not a collection: ${collection.slice(0, 64)}`)
    }
  }
  if (wantsRecords(types) === collections.length > 0) return
  throw invalidRequest('Types of records need collections, and collections need types of records')
}

/** `collection` is that of the record, for messages about commits. */
export function isWanted(filter: Filter, type: EventType, collection?: string): boolean {
  const { types, collections } = filter
  if (!types.some((one) => (one === ALL ? collection === undefined : matches(one, type)))) {
    return false
  }
  if (collection === undefined) return true
  return collections.some((one) => {
    return one.endsWith('.*') ? collection.startsWith(one.slice(0, -1)) : one === collection
  })
}

/** Whether any messages that it wants are made from commits. */
export function wantsCommits(filter: Filter): boolean {
  return filter.collections.length > 0 || isWanted(filter, 'account.created')
}

function wantsRecords(types: readonly string[]): boolean {
  return ['record.created', 'record.updated', 'record.deleted'].some((type) => {
    return types.some((one) => one !== ALL && matches(one, type))
  })
}

function matches(pattern: string, type: string): boolean {
  return pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}
