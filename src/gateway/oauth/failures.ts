/** What is logged and answered if a request to the OAuth pages and endpoints fails. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { XrpcError } from '#src/errors.ts'
import { isAborted } from '#src/gateway/http/body-time.ts'
import { corsHeaders } from '#src/gateway/http/response.ts'
import { shortenDescription } from '#src/gateway/oauth/error-descriptions.ts'
import { retryAfterOf } from '#src/gateway/oauth/oauth-errors.ts'
import type { Log } from '#src/log.ts'

/** A request that the provider could not answer, whether it was at fault or the client. */
export interface ProviderCall {
  request: IncomingMessage
  response: ServerResponse
}

type FailureLog = Pick<Log, 'debug' | 'warn' | 'error'>

/** For an error that the provider has not answered itself. */
export function respondWithError(
  log: FailureLog,
  error: unknown,
  { request, response }: ProviderCall,
): void {
  // Also after 408, which `limitBodyTime` answers.
  if (isAborted(request) || (response.headersSent && !request.complete)) {
    log.debug({ id: requestIdOf(response) }, 'OAuth request aborted')
    return void response.destroy()
  }
  shortenDescription(error)
  const known = error instanceof XrpcError && error.status !== 500 ? error : undefined
  const isOurs = known === undefined || known.status > 500
  if (isOurs)
    log[levelOf(known?.status)]({ id: requestIdOf(response), err: error }, 'OAuth request failed')
  if (response.headersSent) return void response.destroy()
  const isTemporary = isOurs || known.status === 429
  const body =
    known === undefined
      ? { error: 'server_error', error_description: 'Internal Server Error' }
      : {
          error: isTemporary ? 'temporarily_unavailable' : oauthNameOf(known),
          error_description: known.message,
        }
  const headers = {
    ...corsHeaders,
    'content-type': 'application/json',
    // The body is not read.
    ...(known?.status === 413 && { connection: 'close' }),
    ...(known !== undefined && isTemporary && { 'retry-after': retryAfterOf(known) }),
  }
  response.writeHead(known?.status ?? 500, headers)
  response.end(JSON.stringify(body))
}

/** What is full (503) fills by the callers' doing, and empties by itself. */
function levelOf(status: number | undefined): 'warn' | 'error' {
  return status === 503 ? 'warn' : 'error'
}

function oauthNameOf({ error }: XrpcError): string {
  return error === 'InvalidScope' ? 'invalid_scope' : 'invalid_request'
}

/** For an error that the provider answers. */
export function logProviderError(
  log: FailureLog,
  { call, error }: { call: ProviderCall; error: unknown },
  message: string,
): void {
  const id = requestIdOf(call.response)
  shortenDescription(error)
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  const failure = Number(status ?? statusCode ?? 500)
  const isOurs = !(failure < 500) && (failure === 503 || !isAborted(call.request))
  if (isOurs) log[levelOf(failure)]({ id, err: error }, message)
  else log.debug({ id, reason: (error as Error).message }, message)
}

function requestIdOf(response: ServerResponse) {
  return response.getHeader('x-request-id')
}
