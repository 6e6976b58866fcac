/** Calling other services in an account's name: found, given a token signed by the account, asked, and understood. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { commonEncodings } from '#src/gateway/proxy/accept-encoding.ts'
import { forwardedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import {
  audienceOf,
  type DefaultServices,
  type FindTarget,
  type Target,
  targetFinder,
} from '#src/gateway/proxy/target.ts'
import { readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import { upstreamError } from '#src/gateway/proxy/upstream-error.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { RequestUpstream, UpstreamRequest, UpstreamResponse } from '#src/ports/upstream.ts'

export interface AppView {
  url: string
  did: string
  cdnUrlPattern: string | undefined
}

export interface ServicesPorts {
  dispatch: Pick<Dispatch, 'account'>
  resolver: DidResolver
  request: RequestUpstream
  defaults: DefaultServices & { appView: AppView | undefined }
  /** Of an answer, decoded, where it is read here. */
  maxBytes: number
  preferCompressed: boolean
  warn: Warn
}

/** Notes what went wrong and was mended. */
export type Warn = (facts: object, what: string) => void

/** Whose token goes along, and what it says. */
export interface Credentials {
  /** The account. */
  did: string
  /** The service's DID. */
  aud: string
  /** NSID of the method. */
  lxm: string
}

/** A call of our own: parameters or a JSON body in, JSON out. */
export interface ServiceCall {
  url: string
  nsid: string
  params?: Record<string, string | number | undefined>
  body?: unknown
  credentials?: Credentials
}

export interface Services {
  readonly appView: AppView | undefined
  readonly findTarget: FindTarget
  /** Whom a call is for, as the scopes of apps say it: `did#service`. Throws 400. */
  audienceOf(nsid: string, header: string | undefined): string
  /** Sends on a request; the answer's status is below 400. Throws what the service refused, and 502. */
  send(request: UpstreamRequest, credentials: Credentials | undefined): Promise<UpstreamResponse>
  /** Sends on a GET whose answer may be read here. */
  get(target: Target, request: Request, credentials: Credentials): Promise<UpstreamResponse>
  /** The bytes of an answer, decoded. Throws 502. */
  readBody(answer: UpstreamResponse): Promise<Uint8Array>
  /** The JSON that a method of a service answers; undefined for nothing. Throws as `send`. */
  call(call: ServiceCall): Promise<unknown>
  readonly warn: Warn
}

export function openServices(ports: ServicesPorts): Services {
  const { dispatch, resolver, request: ask, defaults, maxBytes, preferCompressed } = ports

  const whole = (answer: UpstreamResponse) => readUpstreamBody(answer, maxBytes)

  async function send(
    request: UpstreamRequest,
    credentials: Credentials | undefined,
  ): Promise<UpstreamResponse> {
    const { headers } = request
    const answer = await ask({
      ...request,
      headers: credentials ? { ...headers, authorization: await bearer(credentials) } : headers,
    })
    if (answer.status >= 400) throw await upstreamError(answer, maxBytes)
    return answer
  }

  async function bearer({ did, aud, lxm }: Credentials): Promise<string> {
    const { token } = await dispatch.account(did).service.createToken({ aud, lxm })
    return `Bearer ${token}`
  }

  return {
    appView: defaults.appView,
    warn: ports.warn,
    findTarget: targetFinder(defaults, resolver),
    audienceOf: (nsid, header) => audienceOf(defaults, nsid, header),
    send,
    readBody: whole,
    get(target, request, credentials) {
      const accepted = request.headers.get('accept-encoding') ?? undefined
      const headers = {
        ...forwardedHeaders(request.headers),
        'accept-encoding': commonEncodings(accepted, preferCompressed),
      }
      const verb = request.method === 'HEAD' ? 'HEAD' : 'GET'
      const { signal } = request
      const path = pathOf(request)
      return send({ method: verb, origin: target.url, path, headers, signal }, credentials)
    },
    async call({ url, nsid, params = {}, body, credentials }) {
      const answer = await send(
        {
          method: body === undefined ? 'GET' : 'POST',
          origin: url,
          path: `/xrpc/${nsid}${queryOf(params)}`,
          headers: {
            'accept-encoding': 'identity',
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
        credentials,
      )
      return parsed(await whole(answer))
    },
  }
}

/** Path and query, as they came. */
export function pathOf({ url }: Request): string {
  return url.slice(url.indexOf('/', url.indexOf('//') + 2))
}

function queryOf(params: NonNullable<ServiceCall['params']>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) search.set(name, String(value))
  }
  return search.size === 0 ? '' : `?${search}`
}

function parsed(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    throw new XrpcError(502, 'UpstreamFailure', 'Upstream service gave no JSON')
  }
}
