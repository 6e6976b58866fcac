/**
 * Connections to other processes of this server, one each, over which calls run side by side. While calls are open a
 * process is pinged every second: one that is frozen, or behind a cut cable, does not close its connection, and its calls
 * must go elsewhere.
 */
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { SERVER_TIME, ServerTime } from '#src/engine/peer-clock.ts'
import { decodeOutcome, encodeCall, MAX_MESSAGE_BYTES } from '#src/engine/peer-messages.ts'
import { peerClientTls } from '#src/engine/peer-security.ts'
import { NOT_HERE } from '#src/engine/peer-server.ts'
import { type Call, MAX_ATTEMPT_MS, type Outcome } from '#src/engine/remote-call.ts'
import { unavailable } from '#src/errors.ts'

const CONNECT_TIMEOUT_MS = 2_000
const PING_INTERVAL_MS = 1_000
/** Pings without an answer after which a process counts as gone. */
const MAX_SILENT_PINGS = 3
const WINDOW_BYTES = 1024 * 1024

/** The call did not run there: the actor is not awake in that process. */
export const notThere = Symbol('not there')
/** The call did not run: the process cannot be reached. */
export const noConnection = Symbol('no connection')

type PeerOutcome = Outcome | typeof notThere | typeof noConnection

interface Connection {
  session: ClientHttp2Session
  time: ServerTime
  /** Whether its process did not answer pings, and may still get the calls that were sent to it. */
  isSilent: boolean
  ready: Promise<void>
  calls: number
  stopPings: () => void
}

export class PeerConnections {
  readonly #tls: ReturnType<typeof peerClientTls>
  readonly #open = new Map<string, Connection>()
  readonly #onRefused: (address: string) => void
  #isClosed = false

  /**
   * `onRefused` is called if a connection was lost and nothing listens at its address any more: the process has exited.
   * That is noticed without a call. It is not called if the process has said that it stops: then it stops its actors.
   */
  constructor(internalToken: string, onRefused: (address: string) => void = () => {}) {
    this.#tls = peerClientTls(internalToken)
    this.#onRefused = onRefused
  }

  /** Is never rejected. */
  async call(address: string, call: Call): Promise<PeerOutcome> {
    const connection = this.#connectionTo(address)
    try {
      await connection.ready
    } catch {
      return noConnection
    }
    if (connection.calls++ === 0) connection.stopPings = keepPinging(connection)
    try {
      const outcome = await send(connection, call)
      if (connection.isSilent) await connection.time.passed()
      return outcome
    } finally {
      if (--connection.calls === 0) connection.stopPings()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { session } of this.#open.values()) session.destroy()
  }

  #connectionTo(address: string): Connection {
    return this.#open.get(address) ?? this.#connect(address, () => {})
  }

  #connect(address: string, onRefused: (address: string) => void): Connection {
    const session = connect(address, {
      ...this.#tls,
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    })
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    const timeout = setTimeout(() => session.destroy(), CONNECT_TIMEOUT_MS)
    let isConnected = false
    session.once('connect', () => {
      isConnected = true
      session.setLocalWindowSize(16 * WINDOW_BYTES)
    })
    const time = new ServerTime(session)
    void time.known.then(() => {
      clearTimeout(timeout)
      resolve()
    })
    const end = () => {
      clearTimeout(timeout)
      reject(new Error('the process is not there'))
      if (this.#open.get(address)?.session === session) this.#open.delete(address)
    }
    let isStopping = false
    session.once('close', () => {
      end()
      // Most likely its process has exited, and the next connection is refused.
      if (isConnected && !isStopping && !this.#isClosed) this.#connect(address, this.#onRefused)
    })
    // A process that stops says so, and answers what it has; further calls need another connection.
    session.once('goaway', () => {
      isStopping = true
      end()
    })
    // `close` follows.
    session.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') onRefused(address)
    })
    ready.catch(() => {})
    const connection = { session, time, isSilent: false, ready, calls: 0, stopPings: () => {} }
    this.#open.set(address, connection)
    return connection
  }
}

/** Destroys the session, and with it its calls, if pings stay unanswered. Returns what ends it. */
function keepPinging(connection: Connection): () => void {
  const { session } = connection
  let silent = 0
  const timer = setInterval(() => {
    // A process that stops answers no ping, but its calls.
    if (session.closed || session.destroyed) return
    if (silent === MAX_SILENT_PINGS) {
      connection.isSilent = true
      session.destroy(new Error('the process does not answer'))
      return
    }
    silent++
    session.ping((error) => {
      if (error === null) silent = 0
    })
  }, PING_INTERVAL_MS)
  return () => clearInterval(timer)
}

/** The outcome; a message that cannot be read, as of a later release, is an error. */
function decode(message: Buffer): Outcome {
  try {
    return decodeOutcome(message)
  } catch (error) {
    return { error, again: true }
  }
}

function send({ session, time }: Connection, call: Call): Promise<PeerOutcome> {
  return new Promise((resolve) => {
    if (session.closed || session.destroyed) {
      resolve(notThere)
      return
    }
    const stream = session.request({ ':method': 'POST', ':path': '/', [SERVER_TIME]: time.text })
    // Unless the server refused it, it is not known whether it ran: the caller repeats it with the same idempotency key.
    const onLost = (error: unknown) => {
      const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
      resolve(isRefused ? notThere : { error, again: true })
    }
    const chunks: Buffer[] = []
    let bytes = 0
    let status = 0
    stream.setTimeout(MAX_ATTEMPT_MS, () => {
      const error = unavailable('The account does not respond, please try again')
      resolve({ error, again: false })
      stream.close()
    })
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0
    })
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_MESSAGE_BYTES) stream.destroy(new Error('the answer is too long'))
      else chunks.push(chunk)
    })
    stream.on('error', onLost)
    stream.on('close', () => onLost(new Error('the process closed the connection')))
    stream.on('end', () => {
      if (status === NOT_HERE) resolve(notThere)
      else if (status === 200) resolve(decode(Buffer.concat(chunks)))
    })
    stream.end(encodeCall(call))
  })
}
