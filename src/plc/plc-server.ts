/** A PLC directory for development, with the HTTP API of plc.directory (https://web.plc.directory/api/redoc). */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { opToData } from '@did-plc/lib'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import { OperationLog } from '#src/plc/operation-log.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

// An operation has at most 4,000 bytes as CBOR.
const MAX_BODY_BYTES = 16 * 1024

const HOST = '127.0.0.1'

export interface PlcServer {
  readonly url: string
  stop(): Promise<void>
}

/** Uses a free port by default. Throws if the port is taken. */
export async function startPlcServer(options: {
  path: string
  port?: number | undefined
  log: Log
}): Promise<PlcServer> {
  const operations = new OperationLog(options.path)
  const server = createServer(async (request, response) => {
    const { status, type, body } = await handle(operations, request).catch((error) =>
      errorResponse(error, options.log),
    )
    // As on plc.directory: browser apps resolve DIDs themselves.
    response.writeHead(status, { 'content-type': type, 'access-control-allow-origin': '*' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, HOST, resolve)
  }).catch((error) => {
    operations.close()
    throw error
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${HOST}:${port}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      operations.close()
    },
  }
}

interface PlcResponse {
  status: number
  type: string
  body: unknown
}

const json = (body: unknown, status = 200): PlcResponse => ({
  status,
  type: 'application/json',
  body,
})

async function handle(operations: OperationLog, request: IncomingMessage): Promise<PlcResponse> {
  const [did = '', ...rest] = pathOf(request)
  const resource = rest.join('/')
  if (did === '_health') return json({ version: 'headwater' })
  if (request.method === 'POST' && resource === '') {
    await operations.add(did, await readJson(request))
    return { status: 200, type: 'text/plain', body: 'OK' }
  }
  if (request.method !== 'GET') throw new XrpcError(405, 'InvalidRequest', 'Method not allowed')
  const logged = operations.list(did)
  const last = logged.findLast(({ nullified }) => !nullified)
  if (last === undefined) throw new XrpcError(404, 'NotFound', `DID not registered: ${did}`)
  if (resource === 'log') return json(logged.filter((o) => !o.nullified).map((o) => o.operation))
  if (resource === 'log/audit') return json(logged.map((entry) => ({ did, ...entry })))
  if (resource === 'log/last') return json(last.operation)
  const data = opToData(did, last.operation)
  if (data === null) throw new XrpcError(404, 'NotFound', `DID not available: ${did}`)
  if (resource === 'data') return json(data)
  if (resource === '') return { ...json(plcDidDocument(data)), type: 'application/did+ld+json' }
  throw new XrpcError(404, 'NotFound', 'Not found')
}

function pathOf(request: IncomingMessage): string[] {
  try {
    const [path = ''] = (request.url ?? '').split('?')
    return decodeURIComponent(path).split('/').slice(1)
  } catch {
    throw invalidRequest('Not a path')
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new XrpcError(413, 'PayloadTooLarge', 'Operation too large')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    throw invalidRequest('Not JSON')
  }
}

function errorResponse(error: unknown, log: Log): PlcResponse {
  if (error instanceof XrpcError) return json({ message: error.message }, error.status)
  log.error({ err: error }, 'development PLC directory request failed')
  return json({ message: 'Internal Server Error' }, 500)
}
