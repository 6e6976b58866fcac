/** The error class of expected failures: HTTP status, lexicon error name and message for the caller. */

/** Keeps its members across actor calls. Any other error is a bug and becomes a 500. */
export class XrpcError extends Error {
  override readonly name = 'XrpcError'
  readonly status: number
  readonly error: string
  readonly headers?: Readonly<Record<string, string>>

  constructor(
    status: number,
    error: string,
    message: string,
    headers?: Readonly<Record<string, string>>,
  ) {
    super(message)
    this.status = status
    this.error = error
    if (headers !== undefined) this.headers = headers
  }
}

export function invalidRequest(message: string, error = 'InvalidRequest'): XrpcError {
  return new XrpcError(400, error, message)
}

export function authRequired(message: string, error = 'AuthenticationRequired'): XrpcError {
  return new XrpcError(401, error, message)
}

export function forbidden(message: string, error = 'Forbidden'): XrpcError {
  return new XrpcError(403, error, message)
}

export function unavailable(message: string, error = 'ServiceUnavailable'): XrpcError {
  return new XrpcError(503, error, message)
}

/** 429, with Retry-After if it is known when there will be room, in ms. */
export function tooManyRequests(waitMs?: number): XrpcError {
  const headers =
    waitMs === undefined ? undefined : { 'retry-after': String(Math.ceil(waitMs / 1000)) }
  return new XrpcError(429, 'RateLimitExceeded', 'Too many requests from your address', headers)
}
