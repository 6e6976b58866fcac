/** The XRPC pipeline, in the reference's order: method, parameters, credentials, body, rate limits, account, response. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { type BodySource, readBody } from '#src/gateway/http/body.ts'
import { openBodyStream } from '#src/gateway/http/body-stream.ts'
import { errorResponse, toResponse } from '#src/gateway/http/response.ts'
import { mustHaveAuthority } from '#src/gateway/tenants/authority.ts'
import { isDpopBound } from '#src/gateway/xrpc/authenticate.ts'
import type { Authenticate, Callers, Permissions } from '#src/gateway/xrpc/callers.ts'
import { proxyUnknownMethod } from '#src/gateway/xrpc/catch-all.ts'
import { breakOff, clientLeft, hasLeft, socketOf } from '#src/gateway/xrpc/connection.ts'
import { countingFailures } from '#src/gateway/xrpc/failed-credentials.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { LimitStatus } from '#src/gateway/xrpc/leases.ts'
import { logFailure } from '#src/gateway/xrpc/log-failure.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import { mustHaveScope, scopeRuleOf } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import { rateLimitExceeded, rateLimitHeaders } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { RateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import { runMethod } from '#src/gateway/xrpc/run-method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { storesContent } from '#src/gateway/xrpc/stores-content.ts'
import type { Log } from '#src/log.ts'

export interface Env {
  Bindings: {
    /** The Node request; absent in tests without a socket. */
    incoming?: IncomingMessage
    /** In the logs and in the response's `x-request-id`. */
    requestId?: string
  }
  Variables: { limitStatus?: LimitStatus }
}

export interface CallPorts {
  methods: ReadonlyMap<string, Method>
  server: ServerContext
  authenticate: Authenticate
  findAccount: FindAccount
  metrics: { observe(nsid: string, status: number, seconds: number): void }
  log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>
  rateLimits?: RateLimits | undefined
  bodyTimeoutMs: number
  nextNonce?: () => string | undefined
  /** Throws 507 while nothing that users send is stored. */
  mustHaveRoom?: (() => void) | undefined
}

const SLOW_MS = 5_000

/** Handles everything below /xrpc/. Every error becomes a response; those of 500 and above are logged. */
export function xrpcHandler(ports: CallPorts): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const started = performance.now()
    const nsid = c.req.path.slice('/xrpc/'.length).replace(/\/$/, '')
    const method = ports.methods.get(nsid)
    const response = await respond(ports, method, nsid, c)
    if (response.status >= 400 && method?.auth !== 'none') setPrivate(response.headers)
    const nonce = isDpopBound(c.req.header('authorization')) ? ports.nextNonce?.() : undefined
    if (nonce !== undefined) response.headers.set('dpop-nonce', nonce)
    const ms = performance.now() - started
    ports.metrics.observe(method?.nsid ?? 'other', response.status, ms / 1000)
    const fields = { id: c.env?.requestId, method: nsid, status: response.status, ms }
    if (ms > SLOW_MS) ports.log.info(fields, 'slow XRPC call')
    else ports.log.debug(fields, 'xrpc')
    if (ports.rateLimits !== undefined) setRateLimitHeaders(c, response)
    return response
  }
}

/** Errors, too, depend on the caller. */
function setPrivate(headers: Headers): void {
  headers.set('cache-control', 'private')
  headers.set('vary', 'Authorization')
}

async function respond(
  ports: CallPorts,
  method: Method | undefined,
  nsid: string,
  c: Context<Env>,
): Promise<Response> {
  const fail = (error: unknown, what?: string) =>
    logFailure(ports.log, { id: c.env?.requestId, method: nsid }, error, what)
  try {
    const isOurs = method !== undefined
    const result = isOurs ? await run(ports, method, c) : await runUnknown(ports, nsid, c)
    return await toResponse(result, {
      mediaType: isOurs ? method.produces : 'application/json',
      isPersonal: method?.auth !== 'none',
      acceptEncoding: c.req.header('accept-encoding'),
      isHead: c.req.method === 'HEAD',
      onFailure: socketOf(c) && ((error) => breakOff(c, () => fail(error, 'response broke off'))),
    })
  } catch (error) {
    // A full disk is logged once, and not for each call.
    if (error instanceof XrpcError && (error.status < 500 || error.status === 507)) {
      return errorResponse(error)
    }
    if (hasLeft(c)) {
      const fields = { id: c.env?.requestId, method: nsid, err: error }
      ports.log.debug(fields, 'XRPC call failed after the client had disconnected')
      return errorResponse(clientLeft())
    }
    fail(error)
    if (error instanceof XrpcError) return errorResponse(error)
    return errorResponse(new XrpcError(500, 'InternalServerError', 'Internal Server Error'))
  }
}

async function runUnknown(ports: CallPorts, nsid: string, c: Context<Env>): Promise<unknown> {
  const call = { nsid, caller: undefined, input: undefined }
  if (ports.rateLimits !== undefined) await checkRateLimits(ports, c, call)
  if (!isMethodName(nsid)) throw invalidRequest('invalid xrpc path')
  return proxyUnknownMethod(ports, nsid, c.req.raw, bodySource(c).body, c.env?.incoming)
}

async function run(ports: CallPorts, method: Method, c: Context<Env>): Promise<unknown> {
  checkVerb(method, c.req.method)
  const { url } = c.req
  const queryStart = url.indexOf('?')
  const params = method.params(queryStart === -1 ? '' : url.slice(queryStart + 1))
  const header = c.req.header('authorization')
  const caller = await countingFailures(ports.rateLimits, c, method.auth, () =>
    ports.authenticate(method.auth, header, method.nsid, c.req),
  )
  const withoutInput = {
    params,
    caller,
    server: ports.server,
    request: c.req.raw,
    incoming: c.env?.incoming,
    requestId: c.env?.requestId,
  }
  mustHaveAuthority(method, caller, ports.server, c.env?.incoming)
  const permissions = permissionsOf(caller)
  // A rule that looks at the permissions only is checked before the body is read, as in the reference.
  const rule = scopeRuleOf(method, caller)
  const needsInput = typeof rule === 'function' && rule.length > 1
  if (permissions !== undefined && !needsInput)
    mustHaveScope(method, permissions, withoutInput as never)
  if (storesContent(method.nsid)) ports.mustHaveRoom?.()
  const input = await readInput(ports, method, bodySource(c))
  const call = { ...withoutInput, input }
  if (permissions !== undefined && needsInput) mustHaveScope(method, permissions, call as never)
  if (ports.rateLimits !== undefined)
    await checkRateLimits(ports, c, { nsid: method.nsid, caller, input })
  return runMethod(ports, method, call, () => method.verb === 'GET' && hasLeft(c))
}

function permissionsOf(caller: Callers[keyof Callers]): Permissions | undefined {
  return caller !== undefined && 'permissions' in caller ? caller.permissions : undefined
}

async function readInput(ports: CallPorts, method: Method, from: BodySource): Promise<unknown> {
  const { accepts, bodyLimit, streams } = method
  const { bodyTimeoutMs: timeoutMs, server } = ports
  const limit = typeof bodyLimit === 'number' ? bodyLimit : bodyLimit(server)
  if (streams && accepts !== undefined)
    return openBodyStream(from, { accepts, limit, idleMs: timeoutMs })
  const body = await readBody(from, { accepts, limit, timeoutMs })
  return accepts === undefined ? undefined : method.input(body)
}

async function checkRateLimits(
  { rateLimits }: CallPorts,
  c: Context<Env>,
  call: { nsid: string; caller: unknown; input: unknown },
): Promise<void> {
  const request = c.env?.incoming
  if (rateLimits === undefined || request === undefined) return
  const limitStatus = await rateLimits({ ...call, request })
  if (limitStatus === undefined) return
  c.set('limitStatus', limitStatus)
  if (limitStatus.isRefused) throw rateLimitExceeded(limitStatus)
}

function setRateLimitHeaders(c: Context<Env>, response: Response): void {
  const limitStatus = c.get('limitStatus')
  if (limitStatus === undefined) return
  for (const [name, value] of Object.entries(rateLimitHeaders(limitStatus, Date.now()))) {
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

/** Looser than an NSID, as in the reference: a path that fails this is not proxied either. */
function isMethodName(nsid: string): boolean {
  return /^[a-zA-Z0-9]+([.-][a-zA-Z0-9]+)+$/.test(nsid)
}

/** Reads the Node request if there is one: far cheaper than a web stream. */
export function bodySource(c: Context<Env>): BodySource {
  return {
    header: (name) => c.req.header(name),
    body: () => c.env?.incoming ?? Readable.from(c.req.raw.body ?? []),
  }
}
