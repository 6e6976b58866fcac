/** A query whose answer stays true: it subscribes first, reads when that is confirmed, and then applies each event. */
import { Backoff, sleep } from './backoff.ts'
import type { Timing } from './connection.ts'
import { callListener } from './emitter.ts'
import type { RealtimeFailure } from './errors.ts'
import type { CommitEvent, RealtimeEvent } from './events.ts'
import type { Read } from './repo-reads.ts'
import { asFailure, isTemporary } from './session.ts'
import type { SubscriptionHandle, Subscriptions } from './subscriptions.ts'

export interface LiveQueryClient {
  subscriptions: Subscriptions
  timing: Timing
  onError(error: RealtimeFailure): void
}

export interface LiveQueryOptions<State, View> {
  did: string
  collection: string
  read(signal: AbortSignal): Promise<Read<State>>
  /** Returns the same state if the event changes nothing. */
  apply(state: State, event: CommitEvent): State
  view(state: State): View
}

/** Events that wait for a read. If there are more, it is read again instead. */
const MAX_WAITING = 1_000

export type LiveListener<View> = (view: View & { isLive: boolean }) => void

export class LiveQuery<State, View extends object> {
  readonly #client: LiveQueryClient
  readonly #options: LiveQueryOptions<State, View>

  constructor(client: LiveQueryClient, options: LiveQueryOptions<State, View>) {
    this.#client = client
    this.#options = options
  }

  /**
   * Calls the listener with the first state, and with the new one after each change. `isLive` is false while the client
   * is not connected, or has not caught up. Errors that no repetition mends go to `onError`, or to the client's.
   */
  subscribe(
    listener: LiveListener<View>,
    onError: (error: RealtimeFailure) => void = (error) => this.#client.onError(error),
  ): () => void {
    const run = new LiveRun(this.#client, this.#options, listener, onError)
    return () => run.close()
  }
}

class LiveRun<State, View extends object> {
  readonly #client: LiveQueryClient
  readonly #options: LiveQueryOptions<State, View>
  readonly #listener: LiveListener<View>
  readonly #onError: (error: RealtimeFailure) => void
  readonly #handle: SubscriptionHandle
  #known: Read<State> | undefined
  /** Events that arrive while a read is under way. */
  #waiting: CommitEvent[] = []
  /** Events that should have waited were dropped: what is being read may lack them. */
  #hasDropped = false
  #reading: AbortController | undefined

  constructor(
    client: LiveQueryClient,
    options: LiveQueryOptions<State, View>,
    listener: LiveListener<View>,
    onError: (error: RealtimeFailure) => void,
  ) {
    this.#client = client
    this.#options = options
    this.#listener = listener
    this.#onError = onError
    const { did, collection } = options
    this.#handle = client.subscriptions.add(
      { did, kinds: ['commit', 'sync'], collections: [collection] },
      {
        onSubscribed: () => {
          if (this.#known === undefined && this.#reading === undefined) void this.#read()
        },
        onEvent: (event) => this.#onEvent(event),
        onLive: () => this.#show(),
        onGap: () => void this.#read(),
        onError: (error) => this.#fail(error),
      },
    )
  }

  close(): void {
    this.#handle.close()
    this.#reading?.abort()
  }

  #onEvent(event: RealtimeEvent): void {
    if (event.type === 'sync') void this.#read()
    if (event.type !== 'commit') return
    if (this.#reading !== undefined) this.#wait(event)
    else if (this.#apply(event)) this.#show()
  }

  #wait(event: CommitEvent): void {
    if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(event)
      return
    }
    this.#waiting = [event]
    this.#hasDropped = true
  }

  /** Whether the event changed the state. */
  #apply(event: CommitEvent): boolean {
    const known = this.#known
    if (known === undefined || event.rev <= known.rev) return false
    const state = this.#options.apply(known.state, event)
    if (state === known.state) return false
    this.#known = { ...known, state }
    return true
  }

  async #read(): Promise<void> {
    this.#reading?.abort()
    const reading = new AbortController()
    this.#reading = reading
    const { signal } = reading
    const { minBackoffMs, maxBackoffMs } = this.#client.timing
    const backoff = new Backoff(minBackoffMs, maxBackoffMs)
    while (!signal.aborted) {
      try {
        // What came before this attempt is in its answer.
        this.#waiting = []
        this.#hasDropped = false
        const read = await this.#options.read(signal)
        if (signal.aborted) return
        this.#known = read
        if (this.#hasDropped) {
          this.#show()
          await sleep(backoff.next(), signal)
          continue
        }
        this.#reading = undefined
        for (const event of this.#waiting.splice(0)) this.#apply(event)
        return this.#show()
      } catch (error) {
        if (signal.aborted) return
        if (!isTemporary(error)) return this.#fail(asFailure(error))
        await sleep(backoff.next(), signal)
      }
    }
  }

  #fail(error: RealtimeFailure): void {
    this.close()
    callListener(() => this.#onError(error))
  }

  #show(): void {
    if (this.#known === undefined) return
    const view = this.#options.view(this.#known.state)
    const isLive = this.#handle.isLive && this.#reading === undefined
    callListener(() => this.#listener({ ...view, isLive }))
  }
}
