/** Which request headers are forwarded to a service, and which response headers are returned to the client. */
import type { UpstreamResponse } from '#src/ports/upstream.ts'

const plainHeaders = ['accept-language', 'atproto-accept-labelers', 'x-bsky-topics'] as const
const bodyHeaders = ['content-type', 'content-encoding', 'content-length'] as const

/** Includes all `x-atproto-*` headers, which are between the client and the service. */
export function forwardedHeaders(headers: Headers): Record<string, string> {
  const forwarded = pick(headers, plainHeaders)
  for (const [name, value] of headers) {
    if (name.startsWith('x-atproto-')) forwarded[name] = value
  }
  return forwarded
}

export function forwardedBodyHeaders(headers: Headers): Record<string, string> {
  return pick(headers, bodyHeaders)
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}

const contentHeaders = ['content-length', 'content-encoding', 'content-type', 'content-language']
const protocolHeaders = ['atproto-repo-rev', 'atproto-content-labelers', 'retry-after']

/** Response headers for the client; the content headers only with `content`, if the body is passed on unchanged. */
export function returnedHeaders(
  { headers }: Pick<UpstreamResponse, 'headers'>,
  { content }: { content: boolean },
): Record<string, string> {
  const returned: Record<string, string> = {}
  for (const name of content ? [...contentHeaders, ...protocolHeaders] : protocolHeaders) {
    const value = headers[name]
    if (value !== undefined) returned[name] = Array.isArray(value) ? value.join(',') : value
  }
  return returned
}
