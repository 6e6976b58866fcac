/** Asking another service over HTTP, streamed both ways and as it comes: nothing decoded, no redirect followed. */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { XrpcError } from '#src/errors.ts'

export interface UpstreamRequest {
  method: 'GET' | 'HEAD' | 'POST'
  /** Scheme, host and port. */
  origin: string
  /** Path and query. */
  path: string
  headers: Record<string, string>
  body?: Readable | string | undefined
  /** Ends it when whoever asked is gone. */
  signal?: AbortSignal | undefined
}

export interface UpstreamResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>
  /** Fails where the service stops in the middle, takes too long or says too much. */
  body: Readable
}

/** Throws 502 UpstreamFailure where no answer begins, and what the request's own body throws. */
export type RequestUpstream = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** More than a stream's 64 KiB: an answer goes on coming while something of ours is looked up. */
const BUFFER_BYTES = 128 * 1024

export function createRequestUpstream(
  connect: () => Promise<Dispatcher>,
  onFailure: (error: unknown, origin: string) => void,
): RequestUpstream {
  let connecting: Promise<Dispatcher> | undefined
  return async ({ method, origin, path, headers, body, signal }) => {
    try {
      connecting ??= connect()
      const answer = await (await connecting).request({
        method,
        origin,
        path,
        headers,
        body: body ?? null,
        signal: signal ?? null,
        highWaterMark: BUFFER_BYTES,
      })
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    } catch (error) {
      if (error instanceof XrpcError) throw error
      // That the client is gone says nothing against the service.
      if (signal?.aborted) throw new XrpcError(400, 'InvalidRequest', 'The request broke off')
      onFailure(error, origin)
      const failure = new XrpcError(502, 'UpstreamFailure', 'Upstream service unreachable')
      failure.cause = error
      throw failure
    }
  }
}
