/** A connection of this process: opens a link, and the next one whenever it closes, until the session has ended. */
import { Backoff, sleep } from './backoff.ts'
import type { Connection, ConnectionEvents, Timing } from './connection.ts'
import { isFinal, isOfSession, type RealtimeError } from './errors.ts'
import { openEventStream } from './event-stream-link.ts'
import type { Link, LinkEvents } from './link.ts'
import type { ClientMessage } from './messages.ts'
import {
  asFailure,
  createRenewedTicket,
  createTicket,
  isTemporary,
  type Session,
} from './session.ts'
import { openWebSocket } from './web-socket-link.ts'

/** So often in a row a WebSocket must be refused until server-sent events are used. */
const REFUSALS = 2

interface Outcome {
  hasOpened: boolean
  /** The server said something other than an error. */
  wasServed: boolean
  error?: RealtimeError | undefined
}

export class ServerConnection implements Connection {
  readonly #service: string
  readonly #session: Session
  readonly #events: ConnectionEvents
  readonly #timing: Timing
  readonly #backoff: Backoff
  readonly #closed = new AbortController()
  #isStarted = false
  #link: Link | undefined
  #refusals = 0
  /** The last connection ended because the session has: the next one shows whether a new ticket helps. */
  #isLastAttempt = false

  constructor(
    options: { service: string; session: Session; timing: Timing },
    events: ConnectionEvents,
  ) {
    this.#service = options.service
    this.#session = options.session
    this.#timing = options.timing
    this.#events = events
    this.#backoff = new Backoff(options.timing.minBackoffMs, options.timing.maxBackoffMs)
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    void this.#run()
  }

  send(message: ClientMessage): void {
    this.#link?.send(message)
  }

  close(): void {
    this.#link?.close()
    this.#closed.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted) {
      this.#events.onState('connecting')
      const error = await this.#connect()
      if (signal.aborted) return
      if (error !== undefined) return this.#events.onState('ended', error)
      this.#events.onState('offline')
      await this.#pause()
    }
  }

  /** One connection, from its ticket to its end. Returns the error if there must be no other. */
  async #connect(): Promise<RealtimeError | undefined> {
    const isEventStream = this.#refusals >= REFUSALS || typeof WebSocket === 'undefined'
    let ticket = ''
    try {
      if (!isEventStream) ticket = await createTicket(this.#session, this.#closed.signal)
    } catch (error) {
      return isTemporary(error) ? undefined : asFailure(error)
    }
    if (this.#closed.signal.aborted) return undefined
    const outcome = await this.#follow((events) =>
      isEventStream
        ? openEventStream(this.#session, events)
        : openWebSocket(this.#service, ticket, events),
    ).catch((): Outcome => ({ hasOpened: false, wasServed: false }))
    if (isEventStream) this.#refusals = REFUSALS - 1
    else this.#refusals = outcome.hasOpened ? 0 : this.#refusals + 1
    if (outcome.wasServed) this.#backoff.reset()
    return this.#verdict(outcome)
  }

  #verdict({ error, wasServed }: Outcome): RealtimeError | undefined {
    const wasLastAttempt = this.#isLastAttempt && !wasServed
    this.#isLastAttempt = error !== undefined && isOfSession(error)
    if (error === undefined) return undefined
    return isFinal(error) || (this.#isLastAttempt && wasLastAttempt) ? error : undefined
  }

  /** Resolves when the link has closed, or has been silent for too long, unless nothing is asked of it. Rejects if the browser forbids it. */
  async #follow(open: (events: LinkEvents) => Link): Promise<Outcome> {
    const { promise, resolve } = withResolvers<Outcome>()
    const outcome: Outcome = { hasOpened: false, wasServed: false }
    let watchdog: ReturnType<typeof setTimeout> | undefined
    const { signal } = this.#closed
    const end = (error?: RealtimeError) => {
      clearTimeout(watchdog)
      signal.removeEventListener('abort', onAbort)
      this.#link = undefined
      resolve({ ...outcome, error })
    }
    const onAbort = () => end()
    const watch = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => {
        if (link.isIdle) return watch()
        link.close()
        end()
      }, this.#timing.silenceMs)
    }
    const link = open({
      onOpen: () => {
        outcome.hasOpened = true
        watch()
        this.#events.onState('open')
      },
      onMessage: (message) => {
        outcome.wasServed = true
        if (message['name'] === 'Expiring') void this.#renew(link)
        this.#events.onMessage(message)
      },
      onAlive: watch,
      onClose: end,
    })
    this.#link = link
    watch()
    signal.addEventListener('abort', onAbort)
    return promise
  }

  /** If it fails, the connection ends with its token, and the next one begins with a new ticket. */
  async #renew(link: Link): Promise<void> {
    try {
      const ticket = await createRenewedTicket(this.#session, this.#closed.signal)
      link.send({ type: 'auth', ticket })
    } catch {
      // The server says so when it ends the connection.
    }
  }

  /** Until the next attempt, which comes at once if the network returns. */
  async #pause(): Promise<void> {
    const wake = new AbortController()
    const end = () => wake.abort()
    const target = globalThis as unknown as Partial<EventTarget>
    target.addEventListener?.('online', end)
    this.#closed.signal.addEventListener('abort', end, { once: true })
    await sleep(this.#backoff.next(), wake.signal)
    target.removeEventListener?.('online', end)
    this.#closed.signal.removeEventListener('abort', end)
  }
}

// `Promise.withResolvers` is newer than what the package supports.
function withResolvers<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
