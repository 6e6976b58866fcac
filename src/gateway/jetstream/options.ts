/** What clients of both Jetstream endpoints ask for: the parameters of the request, and the messages of `/subscribe`. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { type EventFilter, parseCollections, parseDids } from '#src/gateway/events/filter.ts'

export interface StreamOptions {
  filter: EventFilter
  /** Of a message before compression, in bytes; 0 for no limit. */
  maxMessageBytes: number
}

const MAX_UINT32 = 2 ** 32 - 1
const MAX_COLLECTIONS = 100
const MAX_DIDS = 10_000
const KINDS = ['commit', 'identity', 'account', 'sync']

const legacyRules = { maxCollections: MAX_COLLECTIONS, maxDids: MAX_DIDS, checkPrefixes: false }
const rules = { ...legacyRules, checkPrefixes: true }

/** Of `/subscribe`. Throws 400 InvalidRequest. */
export function legacyOptions(query: URLSearchParams): StreamOptions {
  return {
    filter: legacyFilter(query.getAll('wantedCollections'), query.getAll('wantedDids')),
    maxMessageBytes: lenientSize(query.get('maxMessageSizeBytes') ?? ''),
  }
}

function legacyFilter(wantedCollections: string[], wantedDids: string[]): EventFilter {
  const collections = parseCollections(wantedCollections, legacyRules)
  const dids = parseDids(wantedDids, legacyRules)
  return { ...(collections && { collections }), ...(dids && { dids }) }
}

/** What is not a size is no limit. */
function lenientSize(value: string): number {
  const size = /^[+-]?\d+$/.test(value) ? Number(value) : 0
  return size < 0 || size > MAX_UINT32 ? 0 : size
}

export type ClientMessage =
  | { kind: 'options'; options: StreamOptions }
  | { kind: 'ignored' }
  | { kind: 'refused'; why: OptionsUpdateError; message: string }

/** As in the metrics of Jetstream. */
export type OptionsUpdateError = 'bad_envelope_json' | 'bad_payload_json' | 'invalid_options'

/** A text message of a client of `/subscribe`. */
export function readClientMessage(text: string): ClientMessage {
  const envelope = parseObject(text)
  const type = envelope?.['type'] ?? ''
  if (envelope === undefined || typeof type !== 'string') {
    return refused('bad_envelope_json', 'bad SubscriberSourcedMessage envelope')
  }
  if (type !== 'options_update') return { kind: 'ignored' }
  const update = updateOf(envelope['payload'])
  if (update === undefined) return refused('bad_payload_json', 'bad options_update payload')
  try {
    const filter = legacyFilter(update.collections, update.dids)
    const maxMessageBytes = lenientSize(String(update.size))
    return { kind: 'options', options: { filter, maxMessageBytes } }
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    return refused('invalid_options', error.message)
  }
}

function refused(why: OptionsUpdateError, message: string): ClientMessage {
  return { kind: 'refused', why, message }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** null is what the clients' own JSON makes of an empty list or object. */
function asObject(value: unknown): Record<string, unknown> | undefined {
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  return value as Record<string, unknown>
}

function updateOf(payload: unknown) {
  const fields = payload === undefined ? undefined : asObject(payload)
  const collections = stringsOf(fields?.['wantedCollections'])
  const dids = stringsOf(fields?.['wantedDids'])
  const size = fields?.['maxMessageSizeBytes'] ?? 0
  if (fields === undefined || collections === undefined || dids === undefined) return undefined
  return Number.isInteger(size) ? { collections, dids, size } : undefined
}

function stringsOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return []
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
  return isList ? (value as string[]) : undefined
}

/** Names of `/subscribe` that would be ignored here without a word, and what to use instead. */
const legacyNames = {
  wantedDids: 'use dids',
  wantedCollections: 'use collections',
  requireHello: 'this stream takes no messages',
}

/** Of `subscribeEvents`. Throws 400 InvalidRequest. */
export function eventsOptions(query: URLSearchParams): StreamOptions {
  for (const [name, instead] of Object.entries(legacyNames)) {
    if (query.has(name)) throw invalidRequest(`${name} is a parameter of /subscribe: ${instead}`)
  }
  const kinds = query.getAll('kinds')
  const wantedDids = query.getAll('dids')
  const wantedCollections = query.getAll('collections')
  atMost('kinds', kinds, KINDS.length)
  atMost('dids', wantedDids, MAX_DIDS)
  atMost('collections', wantedCollections, MAX_COLLECTIONS)
  const unknown = kinds.find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined) {
    throw invalidRequest(`unknown kind ${unknown}: must be one of ${KINDS.join(', ')}`)
  }
  const dids = parseDids(wantedDids, rules)
  const collections = parseCollections(wantedCollections, rules)
  if (collections !== undefined && kinds.length > 0 && !kinds.includes('commit')) {
    throw invalidRequest('collections can never apply: kinds has no commit')
  }
  const filter = {
    ...(kinds.length > 0 && { kinds: new Set(kinds) }),
    ...(dids && { dids }),
    ...(collections && { collections }),
  }
  return { filter, maxMessageBytes: strictSize(query.getAll('maxMessageSizeBytes')) }
}

function atMost(name: string, values: readonly string[], max: number): void {
  if (values.length > max) throw invalidRequest(`too many ${name}: ${values.length} > ${max}`)
}

function strictSize(values: readonly string[]): number {
  if (values.length === 0) return 0
  const [value = ''] = values
  if (values.length > 1 || !/^\d+$/.test(value) || Number(value) > MAX_UINT32) {
    throw invalidRequest('maxMessageSizeBytes must be one unsigned 32-bit integer')
  }
  return Number(value)
}
