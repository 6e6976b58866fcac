/** A PLC directory for a drill: it answers what another one has, and accepts no operations. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const TIMEOUT_MS = 10_000

/** On a free port of this machine. */
export async function startReadOnlyPlc(url: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET') {
      response.writeHead(503).end('{"message":"This is a drill"}')
      return
    }
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const answer = await fetch(`${url}${request.url}`, { signal, redirect: 'error' })
      const type = answer.headers.get('content-type') ?? 'application/json'
      response.writeHead(answer.status, { 'content-type': type }).end(await answer.bytes())
    } catch {
      response.writeHead(502).end()
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
