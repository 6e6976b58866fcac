/** One XRPC call, in the reference's order: method, parameters, credentials, body, account, answer. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { FindAccount } from '#src/gateway/accounts.ts'
import { answer, answerError } from '#src/gateway/answer.ts'
import type { Authenticate } from '#src/gateway/authenticate.ts'
import { type Incoming, readBody } from '#src/gateway/body.ts'
import type { Metrics } from '#src/gateway/metrics.ts'
import type { Log } from '#src/log.ts'
import type { Method } from '#src/xrpc/method.ts'
import type { Surface } from '#src/xrpc/surface.ts'

/** Behind a real server a request also comes in its Node form. */
export interface Env {
  Bindings: { incoming?: IncomingMessage }
}

export interface CallPorts {
  methods: ReadonlyMap<string, Method>
  server: Surface
  authenticate: Authenticate
  findAccount: FindAccount
  metrics: Pick<Metrics, 'observe'>
  log: Pick<Log, 'debug' | 'error'>
  /** A body that takes longer is not waited for. */
  bodyTimeoutMs: number
}

/** The handler of everything below /xrpc/. Whatever goes wrong becomes an answer; what is our fault is logged. */
export function xrpcHandler(ports: CallPorts): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const started = performance.now()
    const nsid = c.req.path.slice('/xrpc/'.length).replace(/\/$/, '')
    const method = ports.methods.get(nsid)
    const response = await respond(ports, method, nsid, c)
    const ms = performance.now() - started
    ports.metrics.observe(method?.nsid ?? 'other', response.status, ms / 1000)
    ports.log.debug({ method: nsid, status: response.status, ms }, 'xrpc')
    return response
  }
}

async function respond(
  ports: CallPorts,
  method: Method | undefined,
  nsid: string,
  c: Context<Env>,
): Promise<Response> {
  try {
    if (method === undefined) throw noSuchMethod(nsid)
    const result = await run(ports, method, c)
    const personal = method.auth !== 'none'
    const acceptEncoding = c.req.header('accept-encoding')
    return await answer(result, { gives: method.gives, personal, acceptEncoding })
  } catch (error) {
    if (error instanceof XrpcError && error.status < 500) return answerError(error)
    ports.log.error({ method: nsid, err: error }, 'xrpc call failed')
    if (error instanceof XrpcError) return answerError(error)
    return answerError(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  }
}

async function run(ports: CallPorts, method: Method, c: Context<Env>): Promise<unknown> {
  checkVerb(method, c.req.method)
  const { url } = c.req
  const mark = url.indexOf('?')
  const params = method.params(mark === -1 ? '' : url.slice(mark + 1))
  const caller = ports.authenticate(method.auth, c.req.header('authorization'))
  const { accepts, bodyLimit: limit } = method
  const body = await readBody(incoming(c), { accepts, limit, timeoutMs: ports.bodyTimeoutMs })
  const input = accepts === undefined ? undefined : method.input(body)
  const asked = { params, caller, input, server: ports.server }
  if (method.of === undefined) return method.run(asked)

  const name = method.of(asked)
  const did = await ports.findAccount(name)
  if (did === undefined) throw method.unknown(name)
  method.allow?.({ ...asked, did })
  return method.run({ ...asked, did, account: ports.server.dispatch.account(did) })
}

function checkVerb({ verb }: Method, given: string): void {
  if (given === verb || (given === 'HEAD' && verb === 'GET')) return
  throw invalidRequest(`Incorrect HTTP method (${given}) expected ${verb}`)
}

/** 501 for what may be a method of somebody else's, 400 for what cannot be any. */
function noSuchMethod(nsid: string): XrpcError {
  if (!/^[a-zA-Z0-9]+([.-][a-zA-Z0-9]+)+$/.test(nsid)) return invalidRequest('invalid xrpc path')
  return new XrpcError(501, 'MethodNotImplemented', 'Method Not Implemented')
}

/** The Node form of a request is read where there is one: far cheaper than a web stream. */
function incoming(c: Context<Env>): Incoming {
  return {
    header: (name) => c.req.header(name),
    body: () => c.env?.incoming ?? Readable.from(c.req.raw.body ?? []),
  }
}
