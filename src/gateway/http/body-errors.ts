/** Errors of request bodies, whether they are read at once or streamed. */
import { invalidRequest, XrpcError } from '#src/errors.ts'

export function tooLarge(): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', 'request entity too large')
}

export function tooSlow(): XrpcError {
  return new XrpcError(408, 'RequestTimeout', 'The request body took too long')
}

export function brokenOff(): XrpcError {
  return invalidRequest('The request body broke off')
}
