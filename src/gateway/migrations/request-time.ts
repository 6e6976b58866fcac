/** How long a request to the other server of a move may take: some minutes, and more with each byte that is transferred. */
import { pipeline, Readable, Transform } from 'node:stream'
import { XrpcError } from '#src/errors.ts'
import { counted } from '#src/gateway/migrations/counted-bytes.ts'
import type { SendXrpc } from '#src/gateway/migrations/xrpc-server.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { RequestUpstream } from '#src/ports/upstream.ts'

interface Ports {
  request: RequestUpstream
  clock: { now(): number }
  timer: Timer
  /** Ends the requests of a move that is stopped. */
  signal?: AbortSignal | undefined
}

const ANSWER_MS = 2 * 60_000
/** An import that is verified and stored takes the other server longer. */
const IMPORT_MS = 10 * 60_000
const BYTES_PER_SECOND = 8 * 1024

/** Throws 502 for a server that is too slow, also while its answer is read. */
export function sendInTime(ports: Ports, origin: string): SendXrpc {
  const { request, clock, timer } = ports
  return async ({ body, ...given }) => {
    const isImport = given.path === '/xrpc/com.atproto.repo.importRepo'
    let endsAt = clock.now() + (isImport ? IMPORT_MS : ANSWER_MS)
    const slow = new AbortController()
    const signals = [slow.signal, ...(ports.signal === undefined ? [] : [ports.signal])]
    const signal = AbortSignal.any(signals)
    const moved = (bytes: number) => {
      endsAt += (bytes / BYTES_PER_SECOND) * 1_000
    }
    let cancel = () => {}
    let answer: Readable | undefined
    const check = () => {
      const left = endsAt - clock.now()
      if (left > 0) {
        cancel = timer(left, check)
        return
      }
      answer?.destroy(tooSlow())
      slow.abort(tooSlow())
    }
    check()
    try {
      const sent = body instanceof Readable ? counted(body, signal, moved) : body
      const response = await request({ ...given, body: sent, origin, signal })
      answer = countedAnswer(response.body, moved, () => cancel())
      return { ...response, body: answer }
    } catch (error) {
      cancel()
      throw slow.signal.aborted ? tooSlow() : error
    }
  }
}

function countedAnswer(body: Readable, onBytes: (n: number) => void, onEnd: () => void): Readable {
  const passing = new Transform({
    transform(chunk: Uint8Array, _, done) {
      onBytes(chunk.length)
      done(null, chunk)
    },
  })
  // If nobody reads it, an error that nobody handles must not end the process.
  passing.on('error', () => {})
  return pipeline(body, passing, onEnd)
}

function tooSlow(): XrpcError {
  return new XrpcError(502, 'UpstreamFailure', 'The server is too slow')
}
