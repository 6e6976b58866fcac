/** Negotiates Accept-Encoding for responses that this server may have to decode before it passes them on. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { isAcceptable, parseAcceptEncoding } from '#src/gateway/http/accept-encoding.ts'

/** The encodings that can be decoded here. Plain is preferred: inside a data centre, decoding costs more than bytes. */
const plainFirst: readonly [name: string, q: number][] = [
  ['identity', 1],
  ['gzip', 0.3],
  ['deflate', 0.2],
  ['br', 0.1],
]
const compressedFirst: readonly [name: string, q: number][] = [
  ['gzip', 1],
  ['deflate', 0.9],
  ['br', 0.8],
  ['identity', 0.1],
]

/**
 * The Accept-Encoding to send to the service: the encodings that both the client and this server accept. Throws 400 if
 * the client's header is invalid, 406 if there is none in common.
 */
export function commonEncodings(header: string | undefined, preferCompressed: boolean): string {
  const accepted = parseAcceptEncoding(header ?? '')
  if (accepted === undefined) throw invalidRequest(`Invalid accept-encoding: "${header}"`)
  const ours = preferCompressed ? compressedFirst : plainFirst
  const common = ours.filter(([name]) => isAcceptable(accepted, name))
  if (common.length === 0) {
    const message = 'this service does not support any of the requested encodings'
    throw new XrpcError(406, 'NotAcceptable', message)
  }
  const isPlainRefused = !common.some(([name]) => name === 'identity')
  return [...common, ...(isPlainRefused ? [['*', 0] as const] : [])]
    .map(([name, q]) => `${name};q=${q}`)
    .join(',')
}
