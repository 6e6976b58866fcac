/** HTTP requests to other services, streamed in both directions, without decoding or following redirects. */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { XrpcError } from '#src/errors.ts'
import { loadOnce } from '#src/ports/load-once.ts'

export interface UpstreamRequest {
  method: 'GET' | 'HEAD' | 'POST'
  origin: string
  path: string
  headers: Record<string, string>
  body?: Readable | string | undefined
  signal?: AbortSignal | undefined
}

export interface UpstreamResponse {
  status: number
  /** Names are in lower case. */
  headers: Record<string, string | string[] | undefined>
  /** Fails if the service stops early, takes too long or sends too much. */
  body: Readable
}

/** No response. `cause` is the failure of the connection. */
export class UnreachableError extends XrpcError {
  readonly origin: string

  constructor(origin: string, cause: unknown) {
    super(502, 'UpstreamFailure', 'Upstream service unreachable')
    this.origin = origin
    this.cause = cause
  }
}

/** Throws 502 UpstreamFailure if there is no response, and rethrows errors of the request body. */
export type RequestUpstream = (request: UpstreamRequest) => Promise<UpstreamResponse>

// More than the default 64 KiB, so that the response keeps arriving during our own lookups.
const BUFFER_BYTES = 128 * 1024

export function createRequestUpstream(connect: () => Promise<Dispatcher>): RequestUpstream {
  const connection = loadOnce(connect)
  return async ({ method, origin, path, headers, body, signal }) => {
    try {
      const response = await (await connection()).request({
        method,
        origin,
        path,
        headers,
        body: body ?? null,
        signal: signal ?? null,
        highWaterMark: BUFFER_BYTES,
      })
      // A reader gets an error from its own listener or iterator. Without this one, a body that is given up unread, or
      // that breaks off then, would end the process.
      response.body.on('error', () => {})
      return { status: response.statusCode, headers: response.headers, body: response.body }
    } catch (error) {
      if (error instanceof XrpcError) throw error
      // The client disconnected: not a failure of the service.
      if (signal?.aborted) throw new XrpcError(400, 'InvalidRequest', 'The request was aborted')
      throw new UnreachableError(origin, error)
    }
  }
}
