/** Which headers of a request travel on to a service, and which of its answer come back. */
import type { UpstreamResponse } from '#src/ports/upstream.ts'

const plainHeaders = ['accept-language', 'atproto-accept-labelers', 'x-bsky-topics'] as const
const bodyHeaders = ['content-type', 'content-encoding', 'content-length'] as const

/** The headers that a service is told of; `x-atproto-*` are between the client and it. */
export function forwardedHeaders(headers: Headers): Record<string, string> {
  const forwarded = picked(headers, plainHeaders)
  for (const [name, value] of headers) {
    if (name.startsWith('x-atproto-')) forwarded[name] = value
  }
  return forwarded
}

/** What describes the body of a request that is passed on as it comes. */
export function forwardedBodyHeaders(headers: Headers): Record<string, string> {
  return picked(headers, bodyHeaders)
}

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}

const contentHeaders = ['content-length', 'content-encoding', 'content-type', 'content-language']
const answerHeaders = ['atproto-repo-rev', 'atproto-content-labelers', 'retry-after']

/** What of an answer's head the client is told, about its content and besides. */
export function returnedHeaders(
  { headers }: Pick<UpstreamResponse, 'headers'>,
  { content }: { content: boolean },
): Record<string, string> {
  const returned: Record<string, string> = {}
  for (const name of content ? [...contentHeaders, ...answerHeaders] : answerHeaders) {
    const value = headers[name]
    if (value !== undefined) returned[name] = Array.isArray(value) ? value.join(',') : value
  }
  return returned
}
