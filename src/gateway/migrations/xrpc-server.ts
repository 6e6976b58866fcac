/** One of the two servers of a move, as its XRPC methods: the other server over the network, or this one in the process. */
import type { Readable } from 'node:stream'
import { XrpcError } from '#src/errors.ts'
import { readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import { upstreamError } from '#src/gateway/proxy/upstream-error.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'
import { parsedJson } from '#src/protocol/json-bounds.ts'

export interface XrpcRequest {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: Readable | string
}

export type SendXrpc = (request: XrpcRequest) => Promise<UpstreamResponse>

export interface Download {
  bytes: Readable
  type: string
  length: number | undefined
}

type Params = Record<string, string | number | undefined>
/** The members of a JSON object from another server, of which nothing is known. */
export type Json = Record<string, unknown>

/** Every call throws the XrpcError that the server sends, or 502. */
export interface XrpcServer {
  query(nsid: string, params?: Params): Promise<Json>
  procedure(nsid: string, input?: object): Promise<Json>
  download(nsid: string, params: Params): Promise<Download>
  upload(nsid: string, body: Download): Promise<Json>
}

/** The value of an Authorization header; `isRefused` if the last one was refused as expired. */
export type Authorization = (isRefused?: boolean) => Promise<string | undefined>

const MAX_JSON_BYTES = 4 * 1024 * 1024
const JSON_TYPE = 'application/json'

export function xrpcServer(send: SendXrpc, authorization: Authorization): XrpcServer {
  async function call(request: XrpcRequest, isRefused = false): Promise<UpstreamResponse> {
    const header = await authorization(isRefused)
    const headers = { ...request.headers, ...(header !== undefined && { authorization: header }) }
    const response = await send({ ...request, headers })
    if (response.status < 300) return response
    if (response.status < 400) {
      response.body.destroy()
      throw failure('The server redirects its API')
    }
    const error = await upstreamError(response, MAX_JSON_BYTES)
    if (error.status !== 429) throw error
    throw new XrpcError(429, error.error, error.message, retryAfter(response))
  }

  /** Again, with another token, if this one has expired. A body that was streamed cannot be sent again. */
  async function json(request: XrpcRequest): Promise<Json> {
    const response = await call(request).catch((error: unknown) => {
      const isExpired = error instanceof XrpcError && error.error === 'ExpiredToken'
      if (!isExpired) throw error
      return call(request, true)
    })
    return read(response)
  }

  async function read(response: UpstreamResponse): Promise<Json> {
    const bytes = await readUpstreamBody(response, MAX_JSON_BYTES)
    if (bytes.length === 0) return {}
    const value = parsedJson(Buffer.from(bytes).toString())
    if (typeof value !== 'object' || value === null) throw failure('The server sent no JSON')
    return value as Json
  }

  return {
    query: (nsid, params = {}) => json(get(nsid, params)),
    procedure: (nsid, input) => json(post(nsid, input)),
    async download(nsid, params) {
      const request = get(nsid, params)
      const { headers, body } = await call(request)
      if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
        body.destroy()
        throw failure('The server sent an encoding that it was not asked for')
      }
      const length = headers['content-length']
      return {
        bytes: body,
        type: String(headers['content-type'] ?? 'application/octet-stream'),
        length: length === undefined ? undefined : Number(length),
      }
    },
    async upload(nsid, { bytes, type, length }) {
      const size = length !== undefined && { 'content-length': String(length) }
      const headers = { 'content-type': type, ...size }
      try {
        return await read(await call({ method: 'POST', path: pathOf(nsid), headers, body: bytes }))
      } finally {
        // A server that refuses does not read the rest.
        bytes.destroy()
      }
    },
  }
}

function get(nsid: string, params: Params): XrpcRequest {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) query.set(name, String(value))
  }
  const text = query.size === 0 ? '' : `?${query}`
  // What is downloaded is passed on as it is.
  const headers = { 'accept-encoding': 'identity' }
  return { method: 'GET', path: `${pathOf(nsid)}${text}`, headers }
}

function post(nsid: string, input: object | undefined): XrpcRequest {
  const path = pathOf(nsid)
  if (input === undefined) return { method: 'POST', path, headers: {} }
  const body = JSON.stringify(input)
  const length = String(Buffer.byteLength(body))
  const headers = { 'content-type': JSON_TYPE, 'content-length': length }
  return { method: 'POST', path, headers, body }
}

/** As a header in seconds; the reference only sends when its limit is reset. Empty if the server does not say it. */
function retryAfter({ headers }: UpstreamResponse): Record<string, string> {
  const after = Number(headers['retry-after'] ?? Number.NaN)
  const reset = Number(headers['ratelimit-reset'] ?? Number.NaN)
  const sent = Date.parse(String(headers['date'])) / 1_000
  const seconds = Number.isFinite(after) ? after : reset - sent
  return Number.isFinite(seconds) ? { 'retry-after': String(Math.max(Math.ceil(seconds), 0)) } : {}
}

function pathOf(nsid: string): string {
  return `/xrpc/${nsid}`
}

function failure(message: string): XrpcError {
  return new XrpcError(502, 'UpstreamFailure', message)
}
