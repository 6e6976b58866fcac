/** network.bsky.jetstream: the method beside its stream. */
import { invalidRequest } from '#src/errors.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import { currentDictionary } from '#src/gateway/jetstream/dictionaries.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as jetstream from '#src/protocol/lexicons/network/bsky/jetstream.ts'

export const getZstdDictionary = method(jetstream.getZstdDictionary, {
  auth: 'none',
  run: async ({ params: { id } }) => {
    const current = currentDictionary()
    if (current === undefined || (id !== undefined && id !== current.id)) {
      const known =
        current === undefined ? 'this server has none' : `the current one is ${current.id}`
      throw invalidRequest(`no dictionary ${id ?? ''}: ${known}`, 'DictionaryNotFound')
    }
    return new RawResponse(current.bytes, {
      ...corsHeaders,
      'content-type': 'application/octet-stream',
      // A dictionary never changes under its id.
      'cache-control': `public, max-age=${id === undefined ? '3600' : '31536000, immutable'}`,
    })
  },
})
