/** Follows the sequencer once for all subscribers of this process: events go into the ring, and from there to them. */
import { setTimeout as pause } from 'node:timers/promises'
import { FrameRing, type RingLimits } from '#src/gateway/firehose/frame-ring.ts'
import type { Log } from '#src/log.ts'
import type { LogPage } from '#src/sequencer/log.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'

export interface LogSource {
  bounds(): Promise<{ first: number; head: number }>
  read(query: { after: number; limit: number }): Promise<LogPage>
  follow(query: {
    after: number
    waitMs: number
    hasSubscribers: boolean
    includePrivate: true
  }): Promise<LogPage>
}

export interface Consumer {
  pump(): void
}

/** The next events of both logs. */
export interface FollowedPage {
  events: readonly LogEvent[]
  privateEvents: readonly PrivateEvent[]
  /** Seq up to which it is complete. */
  through: number
  /** Earlier events than this seq were trimmed, or may have been erased: they must not be sent any more. */
  complete: number
}

/** Is given every page, also if it has no subscribers. */
export interface PageListener {
  readonly hasSubscribers: boolean
  /** Events up to `head` are not given. */
  reset(head: number): void
  page(page: FollowedPage): void
}

const WAIT_MS = 20_000
const MAX_RETRY_DELAY_MS = 5_000

export class FanOut {
  readonly ring: FrameRing
  readonly #source: LogSource
  readonly #log: Log
  readonly #onEvents: () => void
  readonly #consumers = new Set<Consumer>()
  readonly #listeners = new Set<PageListener>()
  readonly #closing = new AbortController()
  #ready = Promise.withResolvers<void>()

  constructor(ports: {
    source: LogSource
    log: Log
    limits?: RingLimits
    onEvents?: () => void
  }) {
    this.#source = ports.source
    this.#log = ports.log
    this.#onEvents = ports.onEvents ?? (() => {})
    this.ring = new FrameRing(ports.limits)
  }

  ready(): Promise<void> {
    return this.#ready.promise
  }

  async run(): Promise<void> {
    const { signal } = this.#closing
    let isOpen = false
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (isOpen) await this.#follow()
        else await this.#open()
        isOpen = true
        failures = 0
      } catch (error) {
        this.#log.warn({ err: error, failures }, 'following the sequencer failed, will be retried')
        const ms = Math.min(MAX_RETRY_DELAY_MS, 50 * 2 ** failures++)
        await pause(ms, undefined, { signal, ref: false }).catch(() => {})
      }
    }
  }

  join(consumer: Consumer): void {
    this.#consumers.add(consumer)
  }

  leave(consumer: Consumer): void {
    this.#consumers.delete(consumer)
  }

  listen(listener: PageListener): void {
    this.#listeners.add(listener)
  }

  close(): void {
    this.#closing.abort()
  }

  async #open(): Promise<void> {
    const { head } = await this.#source.bounds()
    this.#reset(head)
    this.#ready.resolve()
  }

  async #follow(): Promise<void> {
    const after = this.ring.head
    const page = await this.#source.follow({
      after,
      waitMs: WAIT_MS,
      hasSubscribers: this.#hasSubscribers(),
      includePrivate: true,
    })
    const { events, privateEvents = [], head, trimmed, erased } = page
    if (this.#closing.signal.aborted) return
    // A sequencer of the release before knows no private events.
    const through = page.through ?? events.at(-1)?.seq ?? head
    // The log no longer reaches back to the ring: start an empty ring rather than leave a gap in it.
    if (trimmed > after) this.#reset(trimmed)
    this.ring.append(events)
    this.ring.advance(through)
    if (events.length > 0) this.#onEvents()
    const complete = Math.max(erased, trimmed + 1)
    this.#tell({ events, privateEvents, through, complete })
    for (const consumer of this.#consumers) consumer.pump()
    this.ring.dropBefore(complete)
  }

  #hasSubscribers(): boolean {
    return this.#consumers.size > 0 || [...this.#listeners].some((one) => one.hasSubscribers)
  }

  #reset(head: number): void {
    this.ring.reset(head)
    for (const listener of this.#listeners) listener.reset(head)
  }

  #tell(page: FollowedPage): void {
    for (const listener of this.#listeners) {
      try {
        listener.page(page)
      } catch (err) {
        // The frames of the firehose go on. What the listener lacks, it must read from the log.
        this.#log.error({ err }, 'events could not be passed on')
        listener.reset(page.through)
      }
    }
  }
}
