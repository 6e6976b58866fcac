/** Chooses the encoding of a response from the request's Accept-Encoding (RFC 9110 section 12.5.3). */
import type { ContentEncoding } from '#src/gateway/http/content-encoding.ts'

/** gzip first: nearly every client has it, and it costs least. */
const preferred: readonly ContentEncoding[] = ['gzip', 'deflate', 'br']

/** Below this, compressing gains nothing. */
export const MIN_COMPRESSED_BYTES = 1024

/** `bytes` is undefined if it is not known yet. Undefined: as it is. */
export function chooseEncoding(
  header: string | undefined,
  bytes: number | undefined,
): ContentEncoding | undefined {
  if (header === undefined) return undefined
  const isLong = bytes === undefined || bytes >= MIN_COMPRESSED_BYTES
  // A short response is compressed only if the client takes nothing else.
  if (!isLong && !header.includes('=0')) return undefined
  const weights = parseAcceptEncoding(header)
  if (weights === undefined) return undefined
  if (!isAcceptable(weights, 'identity'))
    return preferred.find((name) => isAcceptable(weights, name))
  return isLong && isAcceptable(weights, 'gzip') ? 'gzip' : undefined
}

/** By name, in lower case; undefined if it is malformed. */
export function parseAcceptEncoding(header: string): Map<string, number> | undefined {
  const parts = header.split(',').map((part) => part.trim())
  const weights = new Map<string, number>()
  for (const part of parts.filter((part) => part !== '')) {
    const [, name, q = '1'] = /^([^;=\s]+)\s*(?:;\s*q=([\d.]+))?$/i.exec(part) ?? []
    const weight = Number(q)
    if (name === undefined || !(weight >= 0 && weight <= 1)) return undefined
    weights.set(name.toLowerCase(), weight)
  }
  return weights
}

/** identity is acceptable unless it is excluded, others only if they are named, or `*` is. */
export function isAcceptable(weights: ReadonlyMap<string, number>, name: string): boolean {
  const q = weights.get(name) ?? weights.get('*')
  return name === 'identity' ? q !== 0 : q !== undefined && q > 0
}
