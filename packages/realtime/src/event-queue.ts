/** Events for an async iterator. If its reader is slow, the subscription pauses, and continues from where it had got. */
import type { RealtimeFailure } from './errors.ts'
import type { RealtimeEvent } from './events.ts'
import type { SubscriptionFilter } from './messages.ts'
import type { SubscriptionHandle, Subscriptions } from './subscriptions.ts'

const MAX_WAITING = 1_000

/** Ends when the signal is aborted. Throws a RealtimeFailure if the server refuses the subscription. */
export async function* readEvents(
  subscriptions: Subscriptions,
  filters: readonly SubscriptionFilter[],
  { cursor, signal }: { cursor?: number | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<RealtimeEvent, void, undefined> {
  const sources = filters.map((filter) => new Source(subscriptions, filter, cursor, wake))
  let woken = () => {}
  function wake() {
    woken()
  }
  signal?.addEventListener('abort', wake)
  try {
    while (signal?.aborted !== true) {
      const next = new Promise<void>((resolve) => {
        woken = resolve
      })
      let isEmpty = true
      for (const source of sources) {
        const event = source.take()
        if (event === undefined) continue
        isEmpty = false
        yield event
      }
      if (isEmpty) await next
    }
  } finally {
    signal?.removeEventListener('abort', wake)
    for (const source of sources) source.close()
  }
}

class Source {
  readonly #subscriptions: Subscriptions
  readonly #filter: SubscriptionFilter
  readonly #wake: () => void
  #cursor: number | undefined
  #waiting: RealtimeEvent[] = []
  #handle: SubscriptionHandle | undefined
  #failure: RealtimeFailure | undefined

  constructor(
    subscriptions: Subscriptions,
    filter: SubscriptionFilter,
    cursor: number | undefined,
    wake: () => void,
  ) {
    this.#subscriptions = subscriptions
    this.#filter = filter
    this.#cursor = cursor
    this.#wake = wake
    this.#open()
  }

  take(): RealtimeEvent | undefined {
    const event = this.#waiting.shift()
    if (event !== undefined) {
      if (this.#waiting.length === 0 && this.#handle === undefined) this.#open()
      return event
    }
    if (this.#failure !== undefined) throw this.#failure
    return undefined
  }

  close(): void {
    this.#handle?.close()
    this.#handle = undefined
  }

  #open(): void {
    if (this.#failure !== undefined) return
    const listener = {
      onEvent: (event: RealtimeEvent) => {
        this.#waiting.push(event)
        if (this.#waiting.length >= MAX_WAITING) this.#pause()
        this.#wake()
      },
      onError: (failure: RealtimeFailure) => {
        this.#failure = failure
        this.#wake()
      },
    }
    const options = { cursor: this.#cursor, isAlone: true }
    this.#handle = this.#subscriptions.add(this.#filter, listener, options)
  }

  #pause(): void {
    this.#cursor = this.#handle?.position
    this.close()
  }
}
