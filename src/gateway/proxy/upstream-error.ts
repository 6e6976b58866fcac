/** What a service refused, told to the client in the service's own words. */
import { XrpcError } from '#src/errors.ts'
import { returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import { mayBeJson, readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

/** The names of statuses (XRPC specification); the first of its hundred for the others. */
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

/** A refusal of another service, with those of its headers that go to the client. */
export class UpstreamError extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    told: { error: string | undefined; message: string | undefined },
    headers: Record<string, string>,
  ) {
    const [error, message] = statusNames[status] ?? statusNames[status < 500 ? 400 : 502]!
    super(status, told.error ?? error, told.message || message)
    this.headers = headers
  }
}

/** How long what cannot be read is waited for, so that its connection can be used again. */
const DRAIN_MS = 100

/** The error that an answer of 400 or above is; 500 is somebody else's bug, not ours, so it is told as 502. */
export async function upstreamError(
  answer: UpstreamResponse,
  most: number,
): Promise<UpstreamError> {
  const status = answer.status === 500 ? 502 : answer.status
  const headers = returnedHeaders(answer, { content: false })
  return new UpstreamError(status, await parseErrorBody(answer, most), headers)
}

async function parseErrorBody(answer: UpstreamResponse, most: number) {
  const nothing = { error: undefined, message: undefined }
  if (!mayBeJson(answer)) {
    drain(answer)
    return nothing
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(await readUpstreamBody(answer, most)).toString())
    const { error, message } = value as { error?: unknown; message?: unknown }
    return { error: textOf(error), message: textOf(message) }
  } catch {
    return nothing
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
