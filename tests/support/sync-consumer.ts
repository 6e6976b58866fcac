/** The firehose consumer of @atproto/sync, as a relay: it resolves every identity and verifies every signature and proof. */
import { type Event, Firehose, MemoryRunner } from '@atproto/sync'
import type { ResolvableServer } from '#tests/support/resolvable-server.ts'

export class SyncConsumer {
  readonly events: Event[] = []
  readonly errors: Error[] = []
  readonly runner: MemoryRunner
  readonly #firehose: Firehose

  constructor({ server, resolver }: ResolvableServer, startCursor?: number) {
    this.runner = new MemoryRunner(startCursor === undefined ? {} : { startCursor })
    this.#firehose = new Firehose({
      service: server.url.replace(/^http/, 'ws'),
      idResolver: resolver,
      runner: this.runner,
      handleEvent: (event) => void this.events.push(event),
      onError: (error) => void this.errors.push(error),
    })
    void this.#firehose.start()
  }

  /** The events in short. */
  get story(): string[] {
    return this.events.map((event) => {
      if (event.event === 'identity') return `${event.event} ${event.handle}`
      if (event.event === 'account') return `${event.event} ${event.active}`
      if (event.event === 'sync') return event.event
      return `${event.event} ${event.collection}/${event.rkey}`
    })
  }

  async end(): Promise<void> {
    await this.#firehose.destroy()
    await this.runner.destroy()
  }
}
