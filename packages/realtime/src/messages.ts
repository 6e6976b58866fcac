/** The messages of the connection: JSON in the framing `xrpc.v1.json`, one message a frame. */
import type { RealtimeError } from './errors.ts'

/** The NSIDs of the server's methods begin with it. */
export const GROUP = 'dev.headwater.realtime'
const PREFIX = `${GROUP}.subscribe#`

/** The name of a channel that has none: that of the account's own devices. */
export const DEFAULT_CHANNEL = 'self'

/** The error of a join on a connection that has no messages of the client. */
export const NOT_OVER_EVENT_STREAM = 'NotOverEventStream'

export interface ChannelName {
  /** The account that the channel belongs to, and whose record says who may enter. */
  did: string
  /** A record key; absent for the channel of the account's own devices. */
  name?: string
}

export interface SubscriptionFilter {
  did: string
  /** Absent: every kind that the session may receive. */
  kinds?: readonly string[]
  /** NSIDs, or `<prefix>.*`; constrains commits only. */
  collections?: readonly string[]
}

export type ClientMessage =
  | ({ type: 'sub'; id: string; cursor?: number } & SubscriptionFilter)
  | { type: 'unsub'; id: string }
  | { type: 'auth'; ticket: string }
  | { type: 'join'; id: string; channel: ChannelName; state?: unknown }
  | { type: 'leave'; id: string }
  | { type: 'publish'; channel: ChannelName; body: unknown }

/** `type` is the part of `$type` after `#`; other fields are as sent. */
export interface ServerMessage {
  type: string
  id?: string
  /** The subscriptions that an event is for. */
  ids?: readonly string[]
  seq?: number
  [field: string]: unknown
}

export function encodeMessage({ type, ...fields }: ClientMessage): string {
  return JSON.stringify({ $type: PREFIX + type, ...fields })
}

/** Undefined if the frame is of a kind that this version does not know. */
export function decodeFrame(
  text: string,
): { message: ServerMessage } | { error: RealtimeError } | undefined {
  const frame = parseObject(text)
  if (frame?.['$type'] === 'error') {
    const { error, message } = frame
    return { error: { error: String(error), message: String(message ?? '') } }
  }
  const payload = frame?.['$type'] === 'message' ? frame['payload'] : undefined
  const message = payload === undefined ? undefined : decodePayload(payload)
  return message === undefined ? undefined : { message }
}

/** The payload of a message; `data:` of a server-sent event. */
export function decodePayload(payload: unknown): ServerMessage | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const { $type, ...fields } = payload as Record<string, unknown>
  if (typeof $type !== 'string' || !$type.startsWith(PREFIX)) return undefined
  return { ...fields, type: $type.slice(PREFIX.length) }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
