/** The errors with which a subscriber is refused or ended; those of its credentials are where these are checked. */
import { invalidRequest, XrpcError } from '#src/errors.ts'

export function futureCursor(): XrpcError {
  return invalidRequest('The cursor is in the future', 'FutureCursor')
}

export function tooManySubscriptions(what = 'subscriptions of the connection'): XrpcError {
  return new XrpcError(429, 'TooManySubscriptions', `Too many ${what}`)
}

export function tooSlow(): XrpcError {
  return invalidRequest('The next events are no longer kept', 'ConsumerTooSlow')
}

export function expiredToken(): XrpcError {
  return invalidRequest('The token of the connection has expired', 'ExpiredToken')
}

export function internalError(): XrpcError {
  return new XrpcError(500, 'InternalServerError', 'Internal Server Error')
}
