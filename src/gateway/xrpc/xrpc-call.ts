/** One XRPC call, in the reference's order: method, parameters, credentials, body, account, answer. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { type BodySource, readBody } from '#src/gateway/http/body.ts'
import { openBodyStream } from '#src/gateway/http/body-stream.ts'
import { errorResponse, toResponse } from '#src/gateway/http/response.ts'
import { isDpopBound } from '#src/gateway/xrpc/authenticate.ts'
import type { Authenticate, Callers, Permissions } from '#src/gateway/xrpc/callers.ts'
import { proxyUnknownMethod } from '#src/gateway/xrpc/catch-all.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { LimitStatus } from '#src/gateway/xrpc/leases.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import { mustHaveScope } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import {
  type RateLimits,
  rateLimitExceeded,
  rateLimitHeaders,
} from '#src/gateway/xrpc/rate-limits.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'

/** Behind a real server a request also comes in its Node form. */
export interface Env {
  Bindings: {
    incoming?: IncomingMessage
    /** Names the request in logs; the client is told it. */
    requestId?: string
  }
  Variables: { standing?: LimitStatus }
}

export interface CallPorts {
  methods: ReadonlyMap<string, Method>
  server: ServerContext
  authenticate: Authenticate
  findAccount: FindAccount
  metrics: { observe(nsid: string, status: number, seconds: number): void }
  log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>
  /** Absent where calls are not counted. */
  rateLimits?: RateLimits | undefined
  /** A body that takes longer is not waited for. */
  bodyTimeoutMs: number
  /** What apps that show a bound token must put in their next proof. */
  nextNonce?: () => string | undefined
}

/** A call that took longer is logged whatever the level. */
const SLOW_MS = 5_000

/** The handler of everything below /xrpc/. Whatever goes wrong becomes an answer; what is our fault is logged. */
export function xrpcHandler(ports: CallPorts): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const started = performance.now()
    const nsid = c.req.path.slice('/xrpc/'.length).replace(/\/$/, '')
    const method = ports.methods.get(nsid)
    const response = await respond(ports, method, nsid, c)
    if (response.status >= 400 && method?.auth !== 'none') keepPrivate(response.headers)
    const nonce = isDpopBound(c.req.header('authorization')) ? ports.nextNonce?.() : undefined
    if (nonce !== undefined) response.headers.set('dpop-nonce', nonce)
    const ms = performance.now() - started
    ports.metrics.observe(method?.nsid ?? 'other', response.status, ms / 1000)
    const line = { id: c.env?.requestId, method: nsid, status: response.status, ms }
    if (ms > SLOW_MS) ports.log.info(line, 'a slow xrpc call')
    else ports.log.debug(line, 'xrpc')
    if (ports.rateLimits !== undefined) tellStanding(c, response)
    return response
  }
}

/** A refusal too depends on who asked. */
function keepPrivate(headers: Headers): void {
  headers.set('cache-control', 'private')
  headers.set('vary', 'Authorization')
}

async function respond(
  ports: CallPorts,
  method: Method | undefined,
  nsid: string,
  c: Context<Env>,
): Promise<Response> {
  try {
    if (method === undefined) {
      const asked = { nsid, caller: undefined, input: undefined }
      if (ports.rateLimits !== undefined) await count(ports, c, asked)
      if (!isMethodName(nsid)) throw invalidRequest('invalid xrpc path')
      return await proxyUnknownMethod(ports, nsid, c.req.raw, bodySource(c).body)
    }
    const result = await run(ports, method, c)
    const personal = method.auth !== 'none'
    const acceptEncoding = c.req.header('accept-encoding')
    return await toResponse(result, {
      mediaType: method.produces,
      isPersonal: personal,
      acceptEncoding,
    })
  } catch (error) {
    if (error instanceof XrpcError && error.status < 500) return errorResponse(error)
    const facts = { id: c.env?.requestId, method: nsid, err: error }
    // Others fail, too; that wakes nobody.
    if (error instanceof XrpcError && error.status === 502)
      ports.log.warn(facts, 'a service failed')
    else ports.log.error(facts, 'xrpc call failed')
    if (error instanceof XrpcError) return errorResponse(error)
    return errorResponse(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  }
}

async function run(ports: CallPorts, method: Method, c: Context<Env>): Promise<unknown> {
  checkVerb(method, c.req.method)
  const { url } = c.req
  const mark = url.indexOf('?')
  const params = method.params(mark === -1 ? '' : url.slice(mark + 1))
  const proven = ports.authenticate(method.auth, c.req.header('authorization'), method.nsid, c.req)
  const caller = proven instanceof Promise ? await proven : proven
  const shown = {
    params,
    caller,
    server: ports.server,
    request: c.req.raw,
    incoming: c.env?.incoming,
  }
  const permissions = permissionsOf(caller)
  const needsInput = typeof method.oauth === 'function'
  if (permissions !== undefined && !needsInput) mustHaveScope(method, permissions, shown as never)
  const input = await readInput(ports, method, bodySource(c))
  const asked = { ...shown, input }
  if (permissions !== undefined && needsInput) mustHaveScope(method, permissions, asked as never)
  if (ports.rateLimits !== undefined) await count(ports, c, { nsid: method.nsid, caller, input })
  if (method.of === undefined) return method.run(asked)

  const name = method.of(asked)
  const did = await ports.findAccount(name)
  if (did === undefined) {
    if (method.runRemote !== undefined) return method.runRemote(asked)
    throw method.unknown(name)
  }
  method.allow?.({ ...asked, did })
  return method.run({ ...asked, did, account: ports.server.dispatch.account(did) })
}

/** What an app that calls is allowed; undefined where somebody else does. */
function permissionsOf(caller: Callers[keyof Callers]): Permissions | undefined {
  return caller !== undefined && 'permissions' in caller ? caller.permissions : undefined
}

/** The body, checked; a body of bytes is left to the method to take. */
async function readInput(ports: CallPorts, method: Method, from: BodySource): Promise<unknown> {
  const { accepts, bodyLimit, streams } = method
  const { bodyTimeoutMs: timeoutMs, server } = ports
  const limit = typeof bodyLimit === 'number' ? bodyLimit : bodyLimit(server)
  if (streams && accepts !== undefined)
    return openBodyStream(from, { accepts, limit, idleMs: timeoutMs })
  const body = await readBody(from, { accepts, limit, timeoutMs })
  return accepts === undefined ? undefined : method.input(body)
}

/** Counts the call; throws 429 where there have been too many. */
async function count(
  { rateLimits }: CallPorts,
  c: Context<Env>,
  call: { nsid: string; caller: unknown; input: unknown },
): Promise<void> {
  const request = c.env?.incoming
  if (rateLimits === undefined || request === undefined) return
  const standing = await rateLimits({ ...call, request })
  if (standing === undefined) return
  c.set('standing', standing)
  if (standing.isRefused) throw rateLimitExceeded()
}

/** Good news or bad, the client hears where it stands. */
function tellStanding(c: Context<Env>, response: Response): void {
  const standing = c.get('standing')
  if (standing === undefined) return
  for (const [name, value] of Object.entries(rateLimitHeaders(standing, Date.now()))) {
    response.headers.set(name, value)
  }
}

function checkVerb({ verb }: Method, given: string): void {
  if (given === verb || (given === 'HEAD' && verb === 'GET')) return
  if (!['GET', 'HEAD', 'POST'].includes(given)) {
    throw invalidRequest('XRPC requests only supports GET and POST')
  }
  throw invalidRequest(`Incorrect HTTP method (${given}) expected ${verb}`)
}

/** What is no method of ours may be somebody else's; this much is wrong for all. */
function isMethodName(nsid: string): boolean {
  return /^[a-zA-Z0-9]+([.-][a-zA-Z0-9]+)+$/.test(nsid)
}

/** The Node form of a request is read where there is one: far cheaper than a web stream. */
export function bodySource(c: Context<Env>): BodySource {
  return {
    header: (name) => c.req.header(name),
    body: () => c.env?.incoming ?? Readable.from(c.req.raw.body ?? []),
  }
}
