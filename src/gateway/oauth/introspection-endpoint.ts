/** POST /oauth/introspect: form, responses and errors, in the style of the library's other endpoints. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  InvalidRequestError,
  OAuthError,
  WWWAuthenticateError,
} from '@atproto/oauth-provider/errors'
import { type OAuthClientCredentials, oauthClientCredentialsSchema } from '@atproto/oauth-types'
import { XrpcError } from '#src/errors.ts'
import { openBodyStream } from '#src/gateway/http/body-stream.ts'
import type { ProviderCall } from '#src/gateway/oauth/failures.ts'
import {
  type IntrospectingProvider,
  introspectionPath,
  invalidClient,
} from '#src/gateway/oauth/introspection.ts'
import { mustBeSmallRequest } from '#src/gateway/oauth/request-bounds.ts'

const MAX_FORM_BYTES = 100 * 1024
const IDLE_MS = 10_000

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': 'Content-Type,DPoP',
  'access-control-max-age': '86400',
}

/** Passes requests for other paths to `next`. `onError` is also called for errors that the client caused. */
export function introspectionEndpoint(
  provider: IntrospectingProvider,
  onError: (call: ProviderCall, error: unknown, message: string) => void,
) {
  const address = new URL(introspectionPath, provider.issuer)

  async function introspect(request: IncomingMessage): Promise<object> {
    const { credentials, token } = parseForm(await readForm(request))
    const proof = await provider.checkDpopProof('POST', address, request.headers)
    return provider.introspect(credentials, token, proof)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value)
    if (request.method === 'OPTIONS') return void response.writeHead(200).end()
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'dpop-nonce': provider.nextDpopNonce() ?? '',
      'access-control-expose-headers': 'DPoP-Nonce, WWW-Authenticate',
    }
    const [status, body] = await introspect(request).then(
      (result): [number, object] => [200, result],
      (error): [number, object] => {
        onError({ request, response }, error, 'Failed to introspect a token')
        if (error instanceof WWWAuthenticateError) {
          headers['www-authenticate'] = error.wwwAuthenticateHeader
        }
        return errorBody(error)
      },
    )
    // The rest of a rejected body is not read.
    if (!request.complete) headers['connection'] = 'close'
    response.writeHead(status, headers).end(JSON.stringify(body))
  }

  return (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const isOurs = request.url?.split('?')[0] === introspectionPath
    if (isOurs) answer(request, response).catch(next)
    else next()
  }
}

/** Throws 400 for a repeated parameter (RFC 6749, 3.2). */
async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  const header = (name: string) => request.headers[name] as string | undefined
  const options = { accepts: '*/*', limit: MAX_FORM_BYTES, idleMs: IDLE_MS }
  const { type, bytes } = openBodyStream({ header, body: () => request }, options)
  if (type.toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new XrpcError(415, 'UnsupportedMediaType', `Unsupported content-type: ${type}`)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  const pairs = [...new URLSearchParams(Buffer.concat(chunks).toString())]
  const form = new Map(pairs)
  if (form.size !== pairs.length) throw new InvalidRequestError('A parameter is given twice')
  const parameters = Object.fromEntries(form)
  mustBeSmallRequest(parameters)
  return parameters
}

function parseForm(form: Record<string, string>): {
  credentials: OAuthClientCredentials
  token: string
} {
  const { token } = form
  if (!token) throw new InvalidRequestError('The token is missing')
  const credentials = oauthClientCredentialsSchema.safeParse(form)
  if (!credentials.success) throw invalidClient('The client credentials are missing')
  return { credentials: credentials.data, token }
}

function errorBody(error: unknown): [status: number, body: object] {
  if (error instanceof OAuthError) return [error.status, error.toJSON()]
  if (!(error instanceof XrpcError)) return [500, serverError]
  if (error.status >= 500) return [error.status, serverError]
  return [error.status, { error: 'invalid_request', error_description: error.message }]
}

const serverError = { error: 'server_error', error_description: 'Server error' }
