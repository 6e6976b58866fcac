/** Negotiates Accept-Encoding for responses that this server may have to decode before it passes them on. */
import { invalidRequest, XrpcError } from '#src/errors.ts'

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
  const accepted = parse(header)
  const ours = preferCompressed ? compressedFirst : plainFirst
  const common = ours.filter(([name]) => {
    const q = accepted.get(name) ?? accepted.get('*')
    // identity is acceptable unless it is excluded (RFC 9110 section 12.5.3).
    return name === 'identity' ? q !== 0 : q !== undefined && q > 0
  })
  if (common.length === 0) {
    const message = 'this service does not support any of the requested encodings'
    throw new XrpcError(406, 'NotAcceptable', message)
  }
  const isPlainRefused = !common.some(([name]) => name === 'identity')
  return [...common, ...(isPlainRefused ? [['*', 0] as const] : [])]
    .map(([name, q]) => `${name};q=${q}`)
    .join(',')
}

function parse(header: string | undefined): Map<string, number> {
  const parts = header?.split(',').map((part) => part.trim()) ?? []
  return new Map(parts.filter((part) => part !== '').map(parsePart))
}

function parsePart(part: string): [name: string, q: number] {
  const [, name, q = '1'] = /^([^;=\s]+)\s*(?:;\s*q=([\d.]+))?$/i.exec(part) ?? []
  const weight = Number(q)
  if (name === undefined || !(weight >= 0 && weight <= 1)) {
    throw invalidRequest(`Invalid accept-encoding: "${part}"`)
  }
  return [name.toLowerCase(), weight]
}
