/** A PLC directory behind a proxy that calls the test before and after each operation. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { startPlcServer } from '#src/plc/plc-server.ts'

export interface PlcProxy extends AsyncDisposable {
  readonly url: string
  /** Where it has its `plc.sqlite`. */
  readonly folder: string
  /** Called around each operation; throwing closes the connection. */
  onOperation: (when: 'before' | 'after') => Promise<void>
}

export async function startPlcProxy(): Promise<PlcProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-plc-'))
  const log = { info() {}, warn() {}, error() {}, debug() {} }
  const plc = await startPlcServer({
    path: join(folder, 'plc.sqlite'),
    port: undefined,
    log: log as never,
  })
  const gate = { onOperation: async () => {} } as Pick<PlcProxy, 'onOperation'>
  const server = createServer(async (request, response) => {
    try {
      const isOperation = request.method === 'POST'
      const body = isOperation ? await buffer(request) : undefined
      if (isOperation) await gate.onOperation('before')
      const headers = { 'content-type': 'application/json' }
      const method = request.method ?? 'GET'
      const answer = await fetch(`${plc.url}${request.url}`, {
        method,
        headers,
        ...(body && { body: new Uint8Array(body) }),
      })
      const text = await answer.text()
      if (isOperation) await gate.onOperation('after')
      const type = answer.headers.get('content-type') ?? 'application/json'
      response.writeHead(answer.status, { 'content-type': type }).end(text)
    } catch {
      response.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(gate, {
    url: `http://127.0.0.1:${port}`,
    folder,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await plc.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  })
}
