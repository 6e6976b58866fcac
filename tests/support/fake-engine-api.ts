/** An HTTP server in place of the engine's API, whose answer the test sets. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EngineAddress } from '#src/engine/engine-api.ts'

export interface FakeEngineApi extends AsyncDisposable {
  engine: EngineAddress
  /** Method, path and query of each request, and the token that it had. */
  requests: { url: string; authorization: string | undefined }[]
}

/** Without an answer, the request stays open. */
export async function startFakeEngineApi(
  answer: () => { status?: number; body: unknown } | undefined,
): Promise<FakeEngineApi> {
  const requests: FakeEngineApi['requests'] = []
  const server = createServer(({ method, url, headers: { authorization } }, response) => {
    requests.push({ url: `${method} ${url}`, authorization })
    const { status = 200, body } = answer() ?? {}
    if (body === undefined) return
    response.writeHead(status).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    engine: { endpoint, token: 'secret', namespace: 'mine' },
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
