/** Calls other services on behalf of an account, with a service token signed by the account. */
import type { AppViewAddress } from '#src/config/services.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { commonEncodings } from '#src/gateway/proxy/accept-encoding.ts'
import { forwardedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import {
  audienceOf,
  type DefaultServices,
  type FindTarget,
  type Target,
  takesReports,
  targetFinder,
} from '#src/gateway/proxy/target.ts'
import { readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import { upstreamError } from '#src/gateway/proxy/upstream-error.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { RequestUpstream, UpstreamRequest, UpstreamResponse } from '#src/ports/upstream.ts'

export interface ServicesPorts {
  dispatch: Pick<Dispatch, 'account'>
  resolver: DidResolver
  request: RequestUpstream
  defaults: DefaultServices & { appView: AppViewAddress | undefined }
  /** Limit for response bodies that are read here, after decoding. */
  maxBytes: number
  preferCompressed: boolean
  warn: Warn
}

export type Warn = (fields: object, message: string) => void

/** The claims of the service token; `did` is the account, the issuer. */
export interface Credentials {
  did: string
  aud: string
  lxm: string
}

/** A call that this server makes itself: a procedure if it has a `body`, which is sent as JSON. */
export interface ServiceCall {
  url: string
  nsid: string
  params?: Record<string, string | number | undefined>
  body?: unknown
  credentials?: Credentials
  /** Of the request that the call is made for. */
  signal?: AbortSignal
}

export interface Services {
  readonly appView: AppViewAddress | undefined
  readonly findTarget: FindTarget
  /** Whether reports that name no service stay on this server. */
  readonly takesReports: boolean
  /** The audience of a call in OAuth scopes: `did#serviceId`. Throws 400. */
  audienceOf(nsid: string, header: string | undefined): string
  /** Throws UpstreamError for a status of 400 or above, 502 if the service is unreachable. */
  send(request: UpstreamRequest, credentials: Credentials | undefined): Promise<UpstreamResponse>
  /** Forwards a GET or HEAD; its response is in an encoding that can be decoded here. */
  get(target: Target, request: Request, credentials: Credentials): Promise<UpstreamResponse>
  readBody(response: UpstreamResponse): Promise<Uint8Array>
  /** The parsed JSON; undefined for an empty body. Throws as `send`. */
  call(call: ServiceCall): Promise<unknown>
  readonly warn: Warn
}

export function openServices(ports: ServicesPorts): Services {
  const { dispatch, resolver, request: sendRequest, defaults, maxBytes, preferCompressed } = ports

  const readBody = (response: UpstreamResponse) => readUpstreamBody(response, maxBytes)

  async function send(
    request: UpstreamRequest,
    credentials: Credentials | undefined,
  ): Promise<UpstreamResponse> {
    const { headers } = request
    const response = await sendRequest({
      ...request,
      headers: credentials ? { ...headers, authorization: await bearer(credentials) } : headers,
    })
    if (response.status >= 400) throw await upstreamError(response, maxBytes, request.origin)
    return response
  }

  async function bearer({ did, aud, lxm }: Credentials): Promise<string> {
    const { token } = await dispatch.account(did).service.getServiceAuth({ aud, lxm })
    return `Bearer ${token}`
  }

  return {
    appView: defaults.appView,
    warn: ports.warn,
    findTarget: targetFinder(defaults, resolver),
    takesReports: takesReports(defaults),
    audienceOf: (nsid, header) => audienceOf(defaults, nsid, header),
    send,
    readBody,
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
    async call({ url, nsid, params = {}, body, credentials, signal }) {
      const response = await send(
        {
          method: body === undefined ? 'GET' : 'POST',
          origin: url,
          path: `/xrpc/${nsid}${queryOf(params)}`,
          headers: {
            'accept-encoding': 'identity',
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal,
        },
        credentials,
      )
      return parseJson(await readBody(response))
    },
  }
}

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

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    throw new XrpcError(502, 'UpstreamFailure', 'Upstream service returned invalid JSON')
  }
}
