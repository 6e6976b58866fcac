/** A consumer of the firehose that verifies every event, as a relay does, and stays while the server is replaced. */
import { IdResolver } from '@atproto/identity'
import { type Event, Firehose, MemoryRunner } from '@atproto/sync'
import { fetchAtHost } from '#tests/support/resolvable-server.ts'
import type { Place } from './place.ts'

export class Consumer {
  readonly events: Event[] = []
  /** Without those of connections to a server that is being replaced. */
  readonly errors: Error[] = []
  readonly #runner = new MemoryRunner({ startCursor: 0 })
  readonly #firehose: Firehose

  constructor({ url, plcUrl }: Place) {
    const idResolver = new IdResolver({
      plcUrl,
      fetch: async (input) => {
        const asked = new URL(input instanceof Request ? input.url : input)
        const isDocument = asked.origin === plcUrl || asked.pathname.endsWith('/did.json')
        return isDocument ? fetch(asked) : fetchAtHost(url, asked)
      },
    })
    idResolver.handle.resolveDns = async () => undefined
    this.#firehose = new Firehose({
      ...{ service: url.replace(/^http/, 'ws'), idResolver, runner: this.#runner },
      // The next attempt comes soon after the server has started.
      ...{ maxReconnectSeconds: 1, subscriptionReconnectDelay: 200 },
      handleEvent: (event) => void this.events.push(event),
      onError: (error) => void (isConnectionError(error) || this.errors.push(error)),
    })
    void this.#firehose.start()
  }

  /** CIDs by path, as the events have left them. */
  recordsOf(did: string): Map<string, string> {
    const records = new Map<string, string>()
    for (const event of this.events) {
      if (event.did !== did || !('collection' in event)) continue
      const path = `${event.collection}/${event.rkey}`
      if (event.event === 'delete') records.delete(path)
      else records.set(path, event.cid.toString())
    }
    return records
  }

  /** As its last #account event says; undefined if there was none. */
  statusOf(did: string): string | undefined {
    const last = this.events.findLast((event) => event.event === 'account' && event.did === did)
    if (last?.event !== 'account') return undefined
    return last.active ? 'active' : last.status
  }

  async end(): Promise<void> {
    await this.#firehose.destroy()
    await this.#runner.destroy()
  }
}

function isConnectionError(error: Error): boolean {
  return /ECONNREFUSED|ECONNRESET|socket hang up|1006|1001/.test(`${error.message} ${error.cause}`)
}
