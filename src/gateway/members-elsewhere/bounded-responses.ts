/** Bounds the responses of a member's server, before a library validates them in the main thread. */
import { readBoundedBytes } from '#src/ports/read-bounded.ts'
import { type JsonBounds, mustBeWithin, parsedJson } from '#src/protocol/json-bounds.ts'

type Fetch = typeof globalThis.fetch

/** Server metadata has some 3 KB, a token response some 1 KB. */
const MAX_BYTES = 64 * 1024
const bounds: JsonBounds = { depth: 8, values: 1000, items: 500, letters: 8192 }

/** Rejects if a response is larger. Status and headers are kept, since headers carry nonces. */
export function boundedResponses(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const bytes = await readBoundedBytes(response, MAX_BYTES)
    mustBeWithin(parsedJson(bytes.toString()), bounds)
    const { status, headers } = response
    const kept = new Headers(headers)
    // The bytes are decoded already.
    kept.delete('content-encoding')
    kept.delete('content-length')
    return new Response(bytes.length === 0 ? null : bytes, { status, headers: kept })
  }
}
