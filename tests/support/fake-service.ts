/** An AppView, or any other service, whose answers the test sets, and which keeps the requests that it got. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedRequest {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingMessage['headers']
  /** Complete once the request has ended. */
  body: Buffer
}

export type Responder = (
  requests: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void> | object

export interface FakeService {
  readonly url: string
  /**
   * A did:web that resolves to it, with the services `#bsky_appview`, `#other` and `#bsky_notif`.
   */
  readonly did: string
  readonly requests: ReceivedRequest[]
  /**
   * Sets the answer for `nsid`: an object is sent as JSON, a function writes the response. The default is 404 in plain
   * text.
   */
  respond(nsid: string, how: Responder | object): void
  [Symbol.asyncDispose](): Promise<void>
}

export async function startFakeService(): Promise<FakeService> {
  const answers = new Map<string, Responder | object>()
  const requests: ReceivedRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    const { method = '', url: path = '', headers } = request
    const entry = { method: method, path, headers, body: Buffer.alloc(0) }
    if (path.startsWith('/xrpc/')) requests.push(entry)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      entry.body = Buffer.concat(chunks)
    })
    request.on('error', () => {})
    const how = answers.get(path.split('?', 1)[0]!.replace('/xrpc/', ''))
    if (path === '/.well-known/did.json') json(response, documentOf(did, url))
    else if (typeof how === 'function') void (how as Responder)(request, response)
    else if (how !== undefined) request.on('end', () => json(response, how))
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here')
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const did = `did:web:localhost%3A${port}`
  return {
    url,
    did,
    requests,
    respond: (nsid, how) => void answers.set(nsid, how),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function json(
  response: ServerResponse,
  body: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

function documentOf(did: string, url: string): object {
  const service = (id: string, type: string) => ({ id: `#${id}`, type, serviceEndpoint: url })
  return {
    id: did,
    service: [
      service('bsky_appview', 'BskyAppView'),
      service('other', 'Other'),
      service('bsky_notif', 'BskyNotificationService'),
    ],
  }
}
