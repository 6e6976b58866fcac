/** A small PLC directory for development, which speaks like plc.directory (https://web.plc.directory/api/redoc). */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { opToData } from '@did-plc/lib'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import { OperationLog } from '#src/plc/operation-log.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

/** An operation has at most 4,000 bytes as CBOR. */
const MAX_BODY_BYTES = 16 * 1024

const HOST = '127.0.0.1'

export interface PlcServer {
  readonly url: string
  stop(): Promise<void>
}

/** Serves the log at `path` on the loopback; `port` is a free one if absent. Throws if the port is taken. */
export async function startPlcServer(options: {
  path: string
  port?: number | undefined
  log: Log
}): Promise<PlcServer> {
  const operations = new OperationLog(options.path)
  const server = createServer(async (request, response) => {
    const { status, type, body } = await answer(operations, request).catch((error) =>
      failure(error, options.log),
    )
    // Apps in browsers ask as well, as they may ask plc.directory.
    response.writeHead(status, { 'content-type': type, 'access-control-allow-origin': '*' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, HOST, resolve)
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

interface Answer {
  status: number
  type: string
  body: unknown
}

const json = (body: unknown, status = 200): Answer => ({ status, type: 'application/json', body })

async function answer(operations: OperationLog, request: IncomingMessage): Promise<Answer> {
  const [did = '', ...rest] = pathOf(request)
  const what = rest.join('/')
  if (did === '_health') return json({ version: 'headwater' })
  if (request.method === 'POST' && what === '') {
    await operations.add(did, await readJson(request))
    return { status: 200, type: 'text/plain', body: 'OK' }
  }
  if (request.method !== 'GET') throw new XrpcError(405, 'InvalidRequest', 'Method not allowed')
  const all = operations.list(did)
  const last = all.findLast(({ nullified }) => !nullified)
  if (last === undefined) throw new XrpcError(404, 'NotFound', `DID not registered: ${did}`)
  if (what === 'log') return json(all.filter((o) => !o.nullified).map((o) => o.operation))
  if (what === 'log/audit') return json(all.map((entry) => ({ did, ...entry })))
  if (what === 'log/last') return json(last.operation)
  const data = opToData(did, last.operation)
  if (data === null) throw new XrpcError(404, 'NotFound', `DID not available: ${did}`)
  if (what === 'data') return json(data)
  if (what === '') return { ...json(plcDidDocument(data)), type: 'application/did+ld+json' }
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

function failure(error: unknown, log: Log): Answer {
  if (error instanceof XrpcError) return json({ message: error.message }, error.status)
  log.error({ err: error }, 'the development PLC directory failed')
  return json({ message: 'Internal Server Error' }, 500)
}
