/** Follows the sequencer once for all subscribers of this process: events go into the ring, and from there to them. */
import { setTimeout as pause } from 'node:timers/promises'
import { FrameRing, type RingLimits } from '#src/gateway/firehose/frame-ring.ts'
import type { Log } from '#src/log.ts'
import type { LogPage } from '#src/sequencer/log.ts'

export interface LogSource {
  bounds(): Promise<{ first: number; head: number }>
  read(query: { after: number; limit: number }): Promise<LogPage>
  follow(query: { after: number; waitMs: number; hasSubscribers: boolean }): Promise<LogPage>
}

export interface Consumer {
  pump(): void
}

const WAIT_MS = 20_000
const MAX_RETRY_DELAY_MS = 5_000

export class FanOut {
  readonly ring: FrameRing
  readonly #source: LogSource
  readonly #log: Log
  readonly #onEvents: () => void
  readonly #consumers = new Set<Consumer>()
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

  close(): void {
    this.#closing.abort()
  }

  async #open(): Promise<void> {
    const { head } = await this.#source.bounds()
    this.ring.reset(head)
    this.#ready.resolve()
  }

  async #follow(): Promise<void> {
    const after = this.ring.head
    const hasSubscribers = this.#consumers.size > 0
    const page = await this.#source.follow({ after, waitMs: WAIT_MS, hasSubscribers })
    const { events, head, trimmed, erased } = page
    if (this.#closing.signal.aborted) return
    // The log no longer reaches back to the ring: start an empty ring rather than leave a gap in it.
    if (trimmed > after) this.ring.reset(trimmed)
    if (events.length === 0) this.ring.advance(head)
    this.ring.append(events)
    if (events.length > 0) this.#onEvents()
    for (const consumer of this.#consumers) consumer.pump()
    this.ring.dropBefore(Math.max(erased, trimmed + 1))
  }
}
