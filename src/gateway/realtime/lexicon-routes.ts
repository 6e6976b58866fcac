/** Serves the lexicon documents of this server's own methods and records. */
import type { Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { corsHeaders, errorResponse } from '#src/gateway/http/response.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { ownDocuments } from '#src/protocol/lexicons/own-documents.ts'

const texts = new Map<string, string>(
  ownDocuments.map((document) => [`${document.id}.json`, JSON.stringify(document)]),
)

/** `/lexicons/<nsid>.json`. */
export function lexiconRoutes(app: Hono<Env>): void {
  app.get('/lexicons/:file', (c) => {
    const text = texts.get(c.req.param('file'))
    if (text === undefined) return errorResponse(new XrpcError(404, 'NotFound', 'Not Found'))
    const headers = { ...corsHeaders, 'content-type': 'application/json; charset=utf-8' }
    return new Response(text, { headers })
  })
}
