/** Fetches documents that any caller can name, and bounds them: the OAuth library validates them in the main thread. */
import { InvalidClientMetadataError, OAuthError } from '@atproto/oauth-provider/errors'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import { busyOr } from '#src/gateway/oauth/oauth-errors.ts'
import { mustHaveFewScopes } from '#src/gateway/oauth/scope-bounds.ts'
import type { KeySlots } from '#src/ports/key-slots.ts'
import { readBoundedBytes } from '#src/ports/read-bounded.ts'
import { type JsonBounds, mustBeWithin, parsedJson } from '#src/protocol/json-bounds.ts'

type Fetch = typeof globalThis.fetch

/** Client metadata has some 1 KB, a key set fewer, and a permission set with its proof some 5 KB. */
export const MAX_DOCUMENT_BYTES = 64 * 1024
const documentBounds: JsonBounds = {
  depth: 16,
  values: 1000,
  items: 100,
  letters: 8192,
  longStrings: ['scope'],
}
/** The library needs some 1 ms to find a key invalid. */
const MAX_KEYS = 32

const carType = 'application/vnd.ipld.car'

/**
 * For client metadata and key sets. Rejects with 400 invalid_client_metadata if one is too large, and with 429 or 503
 * temporarily_unavailable if too many are being fetched, in all or for the address of the request.
 */
export function clientMetadataFetch(fetch: Fetch, slots: KeySlots, key: () => string | undefined) {
  const bounded = documentFetch(fetch, (url, { message }) => {
    throw new InvalidClientMetadataError(`The document at ${url} is not accepted: ${message}`)
  })
  const limited: Fetch = (input, init) => slots.run(key(), () => bounded(input, init)).catch(busyOr)
  return limited
}

/** Makes the library reject with the errors of `clientMetadataFetch`: it would say only that there is no metadata. */
export function exposeRefusals(manager: OAuthProvider['clientManager']): void {
  const getClient = manager.getClient.bind(manager)
  manager.getClient = (clientId) =>
    getClient(clientId).catch((error: Error) => {
      const refusal = (error.cause as Error | undefined)?.cause
      throw refusal instanceof OAuthError ? refusal : error
    })
}

/** For DID documents (JSON), and records (CAR files), of which only the bytes are bounded. */
export function documentFetch(
  fetch: Fetch,
  refuse: (url: string, reason: Error) => never = (_, reason) => {
    throw reason
  },
): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const { ok, status, headers } = response
    if (!ok) {
      // The library would quote the body in its error.
      await response.body?.cancel()
      return new Response(null, { status })
    }
    const type = headers.get('content-type')
    const bytes = await readBoundedBytes(response, MAX_DOCUMENT_BYTES).catch(refuseThis)
    if (type !== carType) {
      try {
        // Of what is no JSON the library makes its own error.
        mustBeSmall(parsedJson(bytes.toString()))
      } catch (error) {
        refuseThis(error as Error)
      }
    }
    return new Response(bytes, { status, headers: type === null ? {} : { 'content-type': type } })

    function refuseThis(reason: Error): never {
      return refuse(input instanceof Request ? input.url : String(input), reason)
    }
  }
}

/** Throws if the document has more than it may, whatever it is. */
function mustBeSmall(document: unknown): void {
  mustBeWithin(document, documentBounds)
  const { scope, keys, jwks } = Object(document)
  mustHaveFewScopes(scope)
  for (const found of [keys, Object(jwks).keys]) {
    if (Array.isArray(found) && found.length > MAX_KEYS) {
      throw new RangeError(`more than ${MAX_KEYS} keys`)
    }
  }
}
