/** Bounds the time that a request's body may take, for requests whose body is not read by our own code. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tooSlow } from '#src/gateway/http/body-errors.ts'
import { sendError } from '#src/gateway/http/response.ts'

/**
 * Answers 408 and closes the connection if the body is not complete after `timeoutMs`. Of GET and HEAD, which need no
 * body, it only closes: what serves them may be about to set headers, and would throw once an answer has begun.
 */
export function limitBodyTime(
  request: IncomingMessage,
  response: ServerResponse,
  timeoutMs: number,
): void {
  const { headers, method } = request
  const needsBody = method !== 'GET' && method !== 'HEAD'
  if (headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0)) return
  const timer = setTimeout(() => {
    if (request.complete || request.destroyed) return
    if (response.headersSent || !needsBody) request.destroy()
    else sendError(response, tooSlow(), () => request.destroy())
  }, timeoutMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

/** Whether the client left before it had sent the whole request: whatever fails then is not our fault. */
export function isAborted(request: IncomingMessage | undefined): boolean {
  return request?.destroyed === true && !request.complete
}
