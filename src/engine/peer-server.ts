/**
 * Answers calls that other processes of this server make directly to actors that are awake here. They run exactly as
 * calls from this process; a call of an actor that is not awake here, or that arrives late, is refused, and its caller
 * asks the engine.
 */
import { once } from 'node:events'
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { actionOf, callLiveActor } from '#src/engine/call-live-actor.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import { isFresh, SERVER_TIME, tellTime } from '#src/engine/peer-clock.ts'
import { decodeCall, encodeOutcome, MAX_MESSAGE_BYTES } from '#src/engine/peer-messages.ts'
import { peerServerTls } from '#src/engine/peer-security.ts'
import type { Log } from '#src/log.ts'

/** The status of a call that did not run: its actor is not awake here, or is of another release; or it came too late. */
export const NOT_HERE = 410

const WINDOW_BYTES = 1024 * 1024

export interface PeerServer {
  /** `https://host:port`, for the other processes. */
  readonly address: string
  /** Refuses further calls, and waits until those that run are answered. */
  close(): Promise<void>
}

export async function servePeers(options: {
  live: LiveActors
  internalToken: string
  /** An address of this machine that only other processes of the server can reach. */
  host: string
  /** Any free one if absent. */
  port: number | undefined
  log: Log
}): Promise<PeerServer> {
  const { live, internalToken, host, port = 0, log } = options
  const sessions = new Set<ServerHttp2Session>()
  let isClosing = false
  const server = createSecureServer({
    ...peerServerTls(internalToken),
    settings: { initialWindowSize: WINDOW_BYTES },
    peerMaxConcurrentStreams: 4096,
  })
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.setLocalWindowSize(16 * WINDOW_BYTES)
    tellTime(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', (err) => log.debug({ err }, 'a connection of another process failed'))
  })
  server.on('tlsClientError', (err) => log.debug({ err }, 'a TLS handshake failed'))
  server.on('stream', (stream: ServerHttp2Stream, { [SERVER_TIME]: serverTime }) => {
    // The caller has gone, and its call goes on.
    stream.on('error', () => {})
    void answer(stream, live, () => !isClosing && isFresh(serverTime)).catch((err) => {
      log.debug({ err }, 'answering another process failed')
      stream.close()
    })
  })
  server.listen(port, host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  return {
    address: `https://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: async () => {
      isClosing = true
      const closed = once(server, 'close')
      server.close()
      for (const session of sessions) session.close()
      await closed
    },
  }
}

async function answer(
  stream: ServerHttp2Stream,
  live: LiveActors,
  mayRun: () => boolean,
): Promise<void> {
  const call = decodeCall(await bodyOf(stream))
  const actor = mayRun() ? live.findCurrent(call.actor, call.key) : undefined
  const isHere = actor !== undefined && actionOf(actor, call) !== undefined
  const outcome = isHere ? await callLiveActor(live, actor, call) : undefined
  if (stream.destroyed) return
  stream.respond({ ':status': outcome === undefined ? NOT_HERE : 200 })
  stream.end(outcome && encodeOutcome(outcome))
}

async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_MESSAGE_BYTES) throw new Error('the message is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
