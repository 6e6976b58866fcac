/** A link over a WebSocket. The ticket is offered as a subprotocol, which appears in no log. */
import type { RealtimeError } from './errors.ts'
import type { Link, LinkEvents } from './link.ts'
import { decodeFrame, encodeMessage, GROUP } from './messages.ts'

export function openWebSocket(service: string, ticket: string, events: LinkEvents): Link {
  const url = new URL(`/xrpc/${GROUP}.subscribe`, service)
  url.protocol = url.protocol.replace('http', 'ws')
  // A connection has one subscription of its own: to commits of a collection that has none.
  url.search = `kinds=commit&collections=${GROUP}.none`
  const socket = new WebSocket(url, ['xrpc.v1.json', `ticket.${ticket}`])
  let error: RealtimeError | undefined
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    events.onClose(error)
  }
  socket.addEventListener('open', () => {
    if (!isClosed) events.onOpen()
  })
  socket.addEventListener('message', ({ data }) => {
    if (isClosed) return
    events.onAlive()
    const frame = typeof data === 'string' ? decodeFrame(data) : undefined
    if (frame === undefined) return
    if ('message' in frame) events.onMessage(frame.message)
    else error = frame.error
  })
  socket.addEventListener('close', close)
  // Without a listener, Node reports the error as uncaught.
  socket.addEventListener('error', () => {})
  return {
    // It ticks.
    isIdle: false,
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(encodeMessage(message))
    },
    close() {
      isClosed = true
      socket.close()
    },
  }
}
