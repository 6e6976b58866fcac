/** The messages that a client sends over its connection, and their bounds. */
import { l } from '@atproto/lex-schema'
import type { Channel } from '#src/channels/channels.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { mustBeWithin, parsedJson } from '#src/protocol/json-bounds.ts'
import * as lexicon from '#src/protocol/lexicons/dev/headwater/realtime/subscribe.defs.ts'
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'

/** Bytes; a longer one ends the connection. */
export const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024
/** Bytes of JSON. */
export const MAX_BODY_BYTES = 4 * 1024
const BODY_BOUNDS = { depth: 16, values: 2_000, items: 2_000, letters: MAX_BODY_BYTES }
const DEFAULT_CHANNEL = 'self'

export interface SubscriptionRequest {
  dids?: string[]
  kinds?: string[]
  collections?: string[]
  cursor?: number
}

export type ClientMessage =
  | { type: 'sub'; id: string; request: SubscriptionRequest }
  | { type: 'unsub'; id: string }
  | { type: 'auth'; ticket: string }
  | { type: 'publish'; channel: Channel; body: string }
  | { type: 'join'; id: string; channel: Channel; state: string }
  | { type: 'leave'; id: string }

/** A message that is refused without ending the connection; `id` is the one that it had. */
export class RefusedMessage extends XrpcError {
  readonly id: string | undefined

  constructor({ status, error, message }: XrpcError, id: string | undefined) {
    super(status, error, message)
    this.id = id
  }
}

const schemas = {
  sub: lexicon.sub,
  unsub: lexicon.unsub,
  auth: lexicon.auth,
  publish: lexicon.publish,
  join: lexicon.join,
  leave: lexicon.leave,
}

/**
 * Throws RefusedMessage for a message whose fields are not valid, and 400 InvalidRequest, which ends the connection, for
 * what is not a message: no JSON object, or of an unknown type.
 */
export function parseClientMessage(text: string): ClientMessage {
  const value = parsedJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidRequest('A message must be a JSON object')
  }
  const { $type, id } = value as { $type?: unknown; id?: unknown }
  const prefix = `${SUBSCRIBE}#`
  const type =
    typeof $type === 'string' && $type.startsWith(prefix) ? $type.slice(prefix.length) : ''
  if (!Object.hasOwn(schemas, type)) throw invalidRequest('Unknown type of message')
  try {
    return messageOf(type as keyof typeof schemas, value)
  } catch (error) {
    const isInvalid = error instanceof l.LexValidationError
    const cause = isInvalid ? invalidRequest(error.message) : error
    if (!(cause instanceof XrpcError)) throw error
    const isShort = typeof id === 'string' && id.length <= 64
    throw new RefusedMessage(cause, isShort ? id : undefined)
  }
}

function messageOf(type: keyof typeof schemas, value: object): ClientMessage {
  switch (type) {
    case 'sub': {
      const { id, did, dids, kinds, collections, cursor } = parsed<lexicon.Sub>(schemas.sub, value)
      const all = did === undefined ? dids : [did, ...(dids ?? [])]
      const request = {
        ...(all && { dids: all }),
        ...(kinds && { kinds }),
        ...(collections && { collections }),
        ...(cursor !== undefined && { cursor }),
      }
      return { type, id, request }
    }
    case 'auth':
      return { type, ticket: parsed<lexicon.Auth>(schemas.auth, value).ticket }
    case 'publish': {
      const { channel } = parsed<lexicon.Publish>(schemas.publish, value)
      return { type, channel: channelOf(channel), body: bodyText(value) }
    }
    case 'join': {
      const { id, channel } = parsed<lexicon.Join>(schemas.join, value)
      return { type, id, channel: channelOf(channel), state: stateText(value) }
    }
    default:
      return { type, id: parsed<lexicon.Leave>(schemas[type], value).id }
  }
}

/** The generated schemas infer too little. */
function parsed<T>(schema: { parse(value: unknown): unknown }, value: object): T {
  return schema.parse(value) as T
}

export function channelOf({
  did,
  name = DEFAULT_CHANNEL,
}: {
  did: string
  name?: string | undefined
}): Channel {
  return { did, name }
}

/** The `body` of a message as JSON. Throws 400. */
export function bodyText(value: object): string {
  const { body } = value as { body?: unknown }
  if (body === undefined) throw invalidRequest('A message must have a body')
  return boundedText(body, 'body')
}

function stateText(value: object): string {
  const { state = {} } = value as { state?: unknown }
  if (typeof state !== 'object' || state === null || Array.isArray(state)) {
    throw invalidRequest('A state must be an object')
  }
  return boundedText(state, 'state')
}

function boundedText(value: unknown, what: string): string {
  try {
    mustBeWithin(value, BODY_BOUNDS)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalidRequest(`The ${what} has ${error.message}`)
  }
  const text = JSON.stringify(value)
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) {
    throw new XrpcError(413, 'PayloadTooLarge', `The ${what} has more than ${MAX_BODY_BYTES} bytes`)
  }
  return text
}
