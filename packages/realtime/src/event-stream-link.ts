/**
 * A link over server-sent events, for networks that refuse WebSockets. A request has one filter and one cursor, so
 * that the subscriptions are one request that covers all of them; it is made again when they change.
 */
import { type RealtimeError, RealtimeFailure } from './errors.ts'
import type { Link, LinkEvents } from './link.ts'
import { decodePayload, GROUP, NOT_OVER_EVENT_STREAM, type ServerMessage } from './messages.ts'
import { readServerSentEvents } from './server-sent-events.ts'
import { call, type Session } from './session.ts'
import { coveringQuery, matches, type StreamSubscription } from './stream-subscriptions.ts'

// Subscriptions that are added one after the other share a request.
const COLLECT_MS = 50

export function openEventStream(session: Session, events: LinkEvents): Link {
  const subscriptions = new Map<string, StreamSubscription>()
  /** Channels that are not joined: the connection is given up after a while, so that a WebSocket is tried again. */
  const refusedJoins = new Set<string>()
  let request = new AbortController()
  let timeout: ReturnType<typeof setTimeout> | undefined
  let isClosed = false
  queueMicrotask(() => {
    if (!isClosed) events.onOpen()
  })

  function restart() {
    request.abort()
    clearTimeout(timeout)
    if (!isClosed && subscriptions.size > 0) timeout = setTimeout(() => void run(), COLLECT_MS)
  }

  async function run(): Promise<void> {
    request = new AbortController()
    const { signal } = request
    events.onAlive()
    try {
      const path = `/xrpc/${GROUP}.subscribe?${coveringQuery([...subscriptions.values()])}`
      const headers = { accept: 'text/event-stream' }
      const { body } = await call(session, path, { headers, signal })
      if (signal.aborted || body === null) return
      for (const [id, { position }] of subscriptions) {
        if (position !== undefined) events.onMessage({ type: 'subscribed', id, seq: position })
      }
      for await (const event of readServerSentEvents(body)) {
        if (signal.aborted) return
        events.onAlive()
        if (event === null) continue
        const data = parse(event.data)
        if (event.event === 'error') return close(new RealtimeFailure(data as RealtimeError))
        const message = decodePayload(data)
        if (message !== undefined) pass(message)
      }
      if (!signal.aborted) close()
    } catch (error) {
      if (!signal.aborted) close(error)
    }
  }

  function pass(message: ServerMessage) {
    const { seq } = message
    if (message.type === 'ready') {
      // From here on the request is live, and so are the subscriptions that have no cursor.
      const fresh = [...subscriptions].filter(([, { position }]) => position === undefined)
      for (const [id] of fresh) events.onMessage({ type: 'subscribed', id, seq: seq ?? 0 })
    }
    const isEvent = message['did'] !== undefined && seq !== undefined
    const takers = isEvent ? [...subscriptions].filter(([, one]) => matches(one, message)) : []
    if (seq !== undefined && message.type !== 'info') {
      for (const one of subscriptions.values()) {
        if (one.position !== undefined || message.type === 'ready') {
          one.position = Math.max(one.position ?? 0, seq)
        }
      }
    }
    if (!isEvent) events.onMessage({ ...message, ids: [...subscriptions.keys()] })
    else if (takers.length > 0) events.onMessage({ ...message, ids: takers.map(([id]) => id) })
  }

  function close(error?: unknown) {
    if (isClosed) return
    isClosed = true
    events.onClose(error instanceof RealtimeFailure ? error : undefined)
  }

  function refuse(id: string) {
    refusedJoins.add(id)
    const text = 'messages and presence of channels need a WebSocket'
    events.onMessage({ type: 'refused', id, error: NOT_OVER_EVENT_STREAM, message: text })
  }

  return {
    get isIdle() {
      return subscriptions.size === 0 && refusedJoins.size === 0
    },
    send(message) {
      if (isClosed) return
      if (message.type === 'sub') {
        subscriptions.set(message.id, { filter: message, position: message.cursor })
        restart()
      } else if (message.type === 'unsub') {
        if (subscriptions.delete(message.id)) restart()
      } else if (message.type === 'join') refuse(message.id)
      else if (message.type === 'leave') refusedJoins.delete(message.id)
    },
    close() {
      isClosed = true
      clearTimeout(timeout)
      request.abort()
    },
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
