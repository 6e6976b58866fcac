/** The texts of messages: JSON frames of proposal 0015 (`xrpc.v1.json`), and server-sent events. */
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'xrpc.v1.json'

/** The payload with its `$type`, as JSON; `name` is that of a definition in the lexicon, without `#`. */
export function payloadText(name: string, fields: object): string {
  return JSON.stringify({ $type: `${SUBSCRIBE}#${name}`, ...fields })
}

export function messageFrame(payload: string): string {
  return `{"$type":"message","payload":${payload}}`
}

export function errorFrame(error: string, message: string): string {
  return JSON.stringify({ $type: 'error', error, message })
}

/** An event of a stream of server-sent events. `id`, a seq, is where the browser continues after it has reconnected. */
export function serverSentEvent(name: string, payload: string, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`
  return `${head}event: ${name}\ndata: ${payload}\n\n`
}

/** How long a browser waits before it reconnects. */
export const SSE_RETRY = 'retry: 2000\n\n'
