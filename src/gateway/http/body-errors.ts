/** Errors and limits that all request bodies share, whether they are read at once or streamed. */
import { invalidRequest, XrpcError } from '#src/errors.ts'

/** Encodings of one body. */
export const MAX_ENCODINGS = 3

export function tooLarge(): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', 'request entity too large')
}

export function tooSlow(): XrpcError {
  return new XrpcError(408, 'RequestTimeout', 'The request body took too long')
}

export function unsupportedEncoding(): XrpcError {
  return new XrpcError(415, 'UnsupportedMediaType', 'unsupported content-encoding')
}

export function brokenOff(): XrpcError {
  return invalidRequest('The request body broke off')
}
