/** Which encodings a service may answer in, where this server may have to read the answer before the client does. */
import { invalidRequest, XrpcError } from '#src/errors.ts'

/** What can be decoded here, with what it is worth to us: decoding costs more than a longer way inside a data centre. */
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
 * The Accept-Encoding for the service: what both the client and this server understand. Throws 400 where the client's
 * cannot be read, 406 where there is nothing in common.
 */
export function commonEncodings(header: string | undefined, preferCompressed: boolean): string {
  const wanted = parse(header)
  const ours = preferCompressed ? compressedFirst : plainFirst
  const common = ours.filter(([name]) => {
    const q = wanted.get(name) ?? wanted.get('*')
    // Unless it is refused, a plain answer is always welcome.
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
