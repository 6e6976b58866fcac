/** The one error of the project: what a caller is told, with its HTTP status and its lexicon name. */

/** An expected failure. Crosses the actor border whole; anything else that is thrown is a bug (500). */
export class XrpcError extends Error {
  override readonly name = 'XrpcError'
  readonly status: number
  /** The lexicon's error name, for example `InvalidSwap`. */
  readonly error: string
  /** What goes with it over HTTP; an error from an actor has none. */
  readonly headers?: Readonly<Record<string, string>>

  constructor(status: number, error: string, message: string) {
    super(message)
    this.status = status
    this.error = error
  }
}

/** 400: the request itself is wrong. */
export function invalidRequest(message: string, error = 'InvalidRequest'): XrpcError {
  return new XrpcError(400, error, message)
}

/** 401: no credentials, or none that are accepted here. */
export function authRequired(message: string, error = 'AuthenticationRequired'): XrpcError {
  return new XrpcError(401, error, message)
}

/** 403: the caller is known and may not do this. */
export function forbidden(message: string, error = 'Forbidden'): XrpcError {
  return new XrpcError(403, error, message)
}

/** 503: not now; the caller may try again. */
export function unavailable(message: string, error = 'ServiceUnavailable'): XrpcError {
  return new XrpcError(503, error, message)
}
