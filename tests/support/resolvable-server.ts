/** A server whose accounts resolve as on the network: DIDs in its PLC directory, handles at its own address. */
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { IdResolver } from '@atproto/identity'
import { freePort } from '#tests/support/processes.ts'
import { type ServerOptions, startServer, type TestServer } from '#tests/support/server.ts'

export interface ResolvableServer {
  server: TestServer
  plcUrl: string
  /** @atproto/identity's; resolves handles over HTTP only. */
  resolver: IdResolver
}

/** As `startServer`, with the PLC directory at a known address. */
export async function startResolvableServer(
  options: ServerOptions = {},
): Promise<ResolvableServer> {
  const plcPort = await freePort()
  const env = { ...options.env, PDS_DEV_PLC_PORT: String(plcPort) }
  const server = await startServer({ ...options, env })
  const plcUrl = `http://127.0.0.1:${plcPort}`
  const resolver = new IdResolver({
    plcUrl,
    fetch: async (input) => {
      const url = new URL(input instanceof Request ? input.url : input)
      return url.origin === plcUrl ? fetch(url) : fetchAtHost(server.url, url)
    },
  })
  resolver.handle.resolveDns = async () => undefined
  return { server, plcUrl, resolver }
}

/** What the server answers with this URL's host in the Host header. */
export async function fetchAtHost(serverUrl: string, { host, pathname }: URL): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  get(new URL(pathname, serverUrl), { headers: { host } }, (answer) => {
    text(answer).then((body) => resolve(new Response(body, { status: answer.statusCode! })), reject)
  }).on('error', reject)
  return promise
}
