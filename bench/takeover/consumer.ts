/** A consumer of the firehose that verifies every event, as a relay does, and stays while the server is replaced. */
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { IdResolver } from '@atproto/identity'
import { type Event, Firehose, MemoryRunner } from '@atproto/sync'

export function startConsumer(url: string, plcUrl: string) {
  const events: Event[] = []
  const errors: Error[] = []
  const runner = new MemoryRunner({ startCursor: 0 })
  const idResolver = new IdResolver({
    plcUrl,
    fetch: async (input) => {
      const asked = new URL(input instanceof Request ? input.url : input)
      return asked.origin === plcUrl ? fetch(asked) : fetchAtHost(url, asked)
    },
  })
  idResolver.handle.resolveDns = async () => undefined
  const firehose = new Firehose({
    ...{ service: url.replace(/^http/, 'ws'), idResolver, runner },
    handleEvent: (event) => void events.push(event),
    onError: (error) => void errors.push(error),
  })
  void firehose.start()
  return {
    events,
    errors,
    /** The DID's signing key as its document has it. */
    keyOf: async (did: string) => (await idResolver.did.resolveAtprotoData(did)).signingKey,
    end: async () => {
      await firehose.destroy()
      await runner.destroy()
    },
  }
}

function fetchAtHost(serverUrl: string, { host, pathname }: URL): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  get(new URL(pathname, serverUrl), { headers: { host } }, (answer) => {
    text(answer).then((body) => resolve(new Response(body, { status: answer.statusCode! })), reject)
  }).on('error', reject)
  return promise
}
