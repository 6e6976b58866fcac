/** Error responses of other services, passed on to the client with their error name and message. */
import { XrpcError } from '#src/errors.ts'
import { returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import { mayBeJson, readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

/** Error names by status (XRPC specification); other statuses use 400 or 502. */
const statusNames: Record<number, [error: string, message: string]> = {
  400: ['InvalidRequest', 'Invalid Request'],
  401: ['AuthenticationRequired', 'Authentication Required'],
  403: ['Forbidden', 'Forbidden'],
  404: ['XRPCNotSupported', 'XRPC Not Supported'],
  406: ['NotAcceptable', 'Not Acceptable'],
  413: ['PayloadTooLarge', 'Payload Too Large'],
  415: ['UnsupportedMediaType', 'Unsupported Media Type'],
  429: ['RateLimitExceeded', 'Rate Limit Exceeded'],
  501: ['MethodNotImplemented', 'Method Not Implemented'],
  502: ['UpstreamFailure', 'Upstream Failure'],
  503: ['NotEnoughResources', 'Not Enough Resources'],
  504: ['UpstreamTimeout', 'Upstream Timeout'],
}

export class UpstreamError extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>
  readonly origin: string | undefined

  constructor(
    status: number,
    body: { error: string | undefined; message: string | undefined },
    headers: Record<string, string>,
    origin?: string,
  ) {
    const [error, message] = statusNames[status] ?? statusNames[status < 500 ? 400 : 502]!
    super(status, body.error ?? error, body.message || message)
    this.headers = headers
    this.origin = origin
  }
}

/** How long an unread body is drained, so that its connection can be reused. */
const DRAIN_MS = 100

/** For a response with status 400 or above. 500 becomes 502: the bug is upstream, not here. */
export async function upstreamError(
  response: UpstreamResponse,
  maxBytes: number,
  origin?: string,
): Promise<UpstreamError> {
  const status = response.status === 500 ? 502 : response.status
  const headers = returnedHeaders(response, { content: false })
  return new UpstreamError(status, await parseErrorBody(response, maxBytes), headers, origin)
}

async function parseErrorBody(response: UpstreamResponse, maxBytes: number) {
  const empty = { error: undefined, message: undefined }
  if (!mayBeJson(response)) {
    drain(response)
    return empty
  }
  try {
    const value: unknown = JSON.parse(
      Buffer.from(await readUpstreamBody(response, maxBytes)).toString(),
    )
    const { error, message } = value as { error?: unknown; message?: unknown }
    return { error: textOf(error), message: textOf(message) }
  } catch {
    return empty
  }
}

function drain({ body }: UpstreamResponse): void {
  const timer = setTimeout(() => body.destroy(), DRAIN_MS)
  body.on('error', () => {}).on('close', () => clearTimeout(timer))
  body.resume()
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
