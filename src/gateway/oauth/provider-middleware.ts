/** Calls the OAuth library's middleware, whose router and routes catch nothing that they throw. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalidRequest, XrpcError } from '#src/errors.ts'

export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Runs `middleware` when `prepare` has resolved. What either throws goes to `next`: a rejection that is not handled
 * would end the process.
 */
export function preparedMiddleware(
  prepare: () => Promise<unknown>,
  middleware: Middleware,
): Middleware {
  return (request, response, next) => {
    prepare()
      .then(() => middleware(request, response, next))
      .catch(next)
  }
}

/** An error that the library blames on the request, as ours: it has a status of 4xx, or a path that cannot be decoded. */
export function withClientStatus(error: unknown): unknown {
  if (error instanceof XrpcError) return error
  if (error instanceof URIError) return invalidRequest('The path cannot be decoded')
  const { status, output } = error as { status?: unknown; output?: { statusCode?: unknown } }
  const code = Number(status ?? output?.statusCode)
  if (!(code >= 400 && code < 500)) return error
  return new XrpcError(code, 'InvalidRequest', (error as Error).message)
}
