/** A server with the wire format of dev.headwater.realtime for tests of the SDK: events, faults and answers are set by the test. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface FakeEvent {
  type: string
  seq: number
  did: string
  [field: string]: unknown
}

interface Filter {
  dids: string[]
  kinds?: string[] | undefined
  collections?: string[] | undefined
}

interface ClientFrame {
  $type: string
  id: string
  did: string
  kinds?: string[]
  collections?: string[]
  cursor?: number
  [field: string]: unknown
}

const prefix = 'dev.headwater.realtime.subscribe#'
const did = 'did:plc:alice'

export type FakeRealtimeServer = Awaited<ReturnType<typeof startFakeRealtimeServer>>

export async function startFakeRealtimeServer() {
  const log: FakeEvent[] = []
  const sockets = new Map<WebSocket, Map<string, Filter>>()
  const streams = new Map<ServerResponse, Filter>()
  /** Answers of other methods, by the last part of their NSID. */
  const answers = new Map<string, (query: URLSearchParams) => Response | Promise<Response>>()
  const state = {
    refusesWebSockets: false,
    /** Status and error of createTicket. */
    ticketError: undefined as { status: number; error: string } | undefined,
    /** Sent and closed after each upgrade. */
    errorAfterUpgrade: undefined as string | undefined,
    isSilent: false,
    /** Events up to this seq are not kept any more. */
    trimmedTo: 0,
    seq: 100,
  }
  const seen = {
    tickets: 0,
    upgrades: 0,
    refused: 0,
    streams: [] as URL[],
    frames: [] as ClientFrame[],
  }

  const http = createServer((request, response) => void answer(request, response))
  const wss = new WebSocketServer({ noServer: true, handleProtocols: () => 'xrpc.v1.json' })
  http.on('upgrade', (request, socket, head) => {
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (state.refusesWebSockets || !/^xrpc\.v1\.json, ?ticket\.t\d+$/.test(offered)) {
      seen.refused++
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    wss.handleUpgrade(request, socket, head, accept)
  })

  function accept(socket: WebSocket) {
    seen.upgrades++
    if (state.errorAfterUpgrade !== undefined) {
      socket.send(JSON.stringify({ $type: 'error', error: state.errorAfterUpgrade, message: '' }))
      socket.close(1008)
      return
    }
    sockets.set(socket, new Map())
    socket.on('close', () => sockets.delete(socket))
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ClientFrame
      seen.frames.push(frame)
      if (!state.isSilent) obey(socket, frame)
    })
  }

  const send = (socket: WebSocket, type: string, fields: object) =>
    socket.send(JSON.stringify({ $type: 'message', payload: { $type: prefix + type, ...fields } }))

  function obey(socket: WebSocket, frame: ClientFrame) {
    const { id, cursor, kinds, collections } = frame
    const subscriptions = sockets.get(socket)!
    const type = frame.$type.slice(prefix.length)
    if (type === 'unsub') subscriptions.delete(id)
    if (type !== 'sub') return
    if (cursor !== undefined && cursor > state.seq) {
      send(socket, 'refused', { id, error: 'FutureCursor', message: '' })
      return
    }
    if (kinds?.includes('forbidden')) {
      send(socket, 'refused', { id, error: 'ScopeMissing', message: 'forbidden' })
      return
    }
    const filter = { dids: [frame.did], kinds, collections }
    subscriptions.set(id, filter)
    send(socket, 'subscribed', { id, seq: state.seq })
    if (cursor === undefined) return
    const ids = [id]
    if (cursor < state.trimmedTo) {
      const gap = { from: cursor + 1, to: state.trimmedTo }
      send(socket, 'info', { name: 'OutdatedCursor', ids, ...gap })
    }
    for (const { type, ...fields } of replay(filter, cursor)) send(socket, type, { ...fields, ids })
    send(socket, 'ready', { ids, seq: state.seq })
  }

  const replay = (filter: Filter, cursor: number) =>
    log.filter((event) => event.seq > Math.max(cursor, state.trimmedTo) && wants(filter, event))

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, 'http://localhost')
    const method = url.pathname.split('.').at(-1)!
    if (method === 'createTicket') {
      const { status, error } = state.ticketError ?? { status: 200, error: undefined }
      const body = error === undefined ? { ticket: `t${++seen.tickets}` } : { error }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    } else if (method === 'subscribe') {
      openStream(url, response)
    } else {
      const made =
        (await answers.get(method)?.(url.searchParams)) ?? new Response(null, { status: 404 })
      response.writeHead(made.status, Object.fromEntries(made.headers)).end(await made.text())
    }
  }

  function openStream(url: URL, response: ServerResponse) {
    seen.streams.push(url)
    const list = (name: string) => {
      const values = url.searchParams.getAll(name)
      return values.length > 0 ? values : undefined
    }
    const filter = { dids: list('dids')!, kinds: list('kinds'), collections: list('collections') }
    const cursor = url.searchParams.get('cursor')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.on('close', () => streams.delete(response))
    if (cursor !== null) for (const event of replay(filter, Number(cursor))) write(response, event)
    write(response, { type: 'ready', seq: state.seq })
    streams.set(response, filter)
  }

  const write = (response: ServerResponse, { type, ...fields }: { type: string; seq: number }) =>
    response.write(
      `id: ${fields.seq}\nevent: ${type}\ndata: ${JSON.stringify({ $type: prefix + type, ...fields })}\n\n`,
    )

  await once(http.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`

  return {
    did,
    url,
    state,
    seen,
    answers,
    session: { did, fetchHandler: (path: string, init?: RequestInit) => fetch(url + path, init) },
    get connections() {
      return sockets.size + streams.size
    },
    /** Appends the event, and sends it to those who listen. */
    emit(fields: { type: string; did?: string; seq?: number; [field: string]: unknown }): number {
      const defaults = { did, time: new Date(0).toISOString(), seq: state.seq + 1 }
      const event: FakeEvent = { ...defaults, ...fields }
      state.seq = event.seq
      log.push(event)
      const { type, ...payload } = event
      for (const [socket, subscriptions] of sockets) {
        const ids = [...subscriptions]
          .filter(([, filter]) => wants(filter, event))
          .map(([id]) => id)
        if (ids.length > 0) send(socket, type, { ...payload, ids })
      }
      for (const [response, filter] of streams) if (wants(filter, event)) write(response, event)
      return event.seq
    },
    /** Sends a message that is no event to every WebSocket. */
    tell(type: string, fields: object) {
      for (const socket of sockets.keys()) send(socket, type, fields)
    },
    /** As when the network fails: closes every connection without a word. */
    cut() {
      for (const socket of sockets.keys()) socket.terminate()
      for (const response of streams.keys()) response.destroy()
    },
    /** Ends every connection with this error. */
    refuse(error: string) {
      for (const socket of sockets.keys()) {
        socket.send(JSON.stringify({ $type: 'error', error, message: '' }))
        socket.close(1008)
      }
      for (const response of streams.keys()) {
        response.end(`event: error\ndata: ${JSON.stringify({ error, message: '' })}\n\n`)
      }
    },
    async close() {
      for (const socket of wss.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function wants({ dids, kinds, collections }: Filter, event: FakeEvent): boolean {
  if (!dids.includes(event.did) || (kinds !== undefined && !kinds.includes(event.type)))
    return false
  if (event.type !== 'commit' || collections === undefined) return true
  return collections.includes(String(event['collection']))
}
