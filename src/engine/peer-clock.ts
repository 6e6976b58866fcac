/**
 * Keeps a call from running after its caller has given up on it. Behind a cut cable, or in a process that is frozen, a
 * call may arrive minutes after it was sent: by then it has been made in another way, and others have followed.
 *
 * The server tells each client its time every second, and each call carries the last time that its client has heard. The
 * server runs no call with an older time than `FRESH_MS`, and a client that gives up waits until that is so for all
 * calls that it has sent. Only the server's clock counts, so clocks need not agree.
 */
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2'

const TELL_INTERVAL_MS = 1_000
const FRESH_MS = 3_000

/** The header of a call that has the server's time. */
export const SERVER_TIME = 'server-time'

/** Tells the client the time of this process, now and every second. */
export function tellTime(session: ServerHttp2Session): void {
  const tell = () => {
    if (session.closed || session.destroyed) return
    const payload = Buffer.alloc(8)
    payload.writeDoubleBE(performance.now())
    session.ping(payload, () => {})
  }
  tell()
  const timer = setInterval(tell, TELL_INTERVAL_MS)
  session.once('close', () => clearInterval(timer))
}

/** Whether a call may run that has this time of this process. */
export function isFresh(serverTime: unknown): boolean {
  if (typeof serverTime !== 'string') return false
  const payload = Buffer.from(serverTime, 'hex')
  if (payload.length !== 8) return false
  const age = performance.now() - payload.readDoubleBE()
  return age >= 0 && age <= FRESH_MS
}

/** The time of a server, as its client knows it. */
export class ServerTime {
  #text = ''
  #heardAt = 0
  /** Resolves when the server has told it for the first time. */
  readonly known: Promise<void>

  constructor(session: ClientHttp2Session) {
    this.known = new Promise((resolve) => {
      session.on('ping', (payload: Buffer) => {
        this.#text = payload.toString('hex')
        this.#heardAt = performance.now()
        resolve()
      })
    })
  }

  /** For the header of a call. */
  get text(): string {
    return this.#text
  }

  /** Resolves when no call that was sent before can begin any more, if the server is not heard again. */
  async passed(): Promise<void> {
    const ms = this.#heardAt + FRESH_MS - performance.now()
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  }
}
