/** One WebSocket of `headwater tail`: its events, and why it ended. */
import type { EventPayload } from '#src/cli/event-line.ts'
import { XrpcError } from '#src/errors.ts'

export interface EventConnection {
  hasOpened: boolean
  /** What the server said before it closed. */
  error?: XrpcError
}

/** Resolves when the connection has ended, also by the signal. */
export function readConnection(
  url: URL,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
  onEvent: (event: EventPayload) => void,
): Promise<EventConnection> {
  const address = new URL(url)
  address.protocol = address.protocol.replace('http', 'ws')
  return new Promise((resolve) => {
    const outcome: EventConnection = { hasOpened: false }
    const socket = new WebSocket(address, { protocols: ['xrpc.v1.json'], headers })
    const close = () => socket.close()
    signal.addEventListener('abort', close, { once: true })
    socket.addEventListener('open', () => {
      outcome.hasOpened = true
    })
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as Frame
      if (frame.$type === 'error') outcome.error = errorOf(frame)
      else if (frame.payload !== undefined && !signal.aborted) onEvent(frame.payload)
    })
    // It is followed by `close`; without a listener, it would be uncaught.
    socket.addEventListener('error', () => {})
    socket.addEventListener('close', () => {
      signal.removeEventListener('abort', close)
      resolve(outcome)
    })
  })
}

interface Frame {
  $type: string
  payload?: EventPayload
  error?: string
  message?: string
}

const ofCredentials = ['AuthRequired', 'AuthMissing', 'InvalidToken', 'ExpiredToken']

function errorOf({ error = 'Error', message = '' }: Frame): XrpcError {
  return new XrpcError(ofCredentials.includes(error) ? 401 : 400, error, message)
}
