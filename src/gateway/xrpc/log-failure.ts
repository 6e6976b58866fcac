/** Logs a failed call in one line: an error of ours with its stack, one of another service without. */
import { XrpcError } from '#src/errors.ts'
import { UpstreamError } from '#src/gateway/proxy/upstream-error.ts'
import type { Log } from '#src/log.ts'
import { UnreachableError } from '#src/ports/upstream.ts'

/** A failure is ours unless it is an XrpcError: callers can provoke those, and must not fill the log with stacks. */
export function logFailure(
  log: Pick<Log, 'warn' | 'error'>,
  fields: object,
  error: unknown,
  what?: string,
): void {
  if (error instanceof XrpcError) {
    log.warn({ ...fields, ...describeFailure(error) }, what ?? summaryOf(error))
  } else log.error({ ...fields, err: error }, what ?? 'XRPC call failed')
}

/** Its fields in a log line; never a stack. */
export function describeFailure(error: XrpcError): object {
  const { status, error: name, message, cause } = error
  const reason = cause === undefined ? message : `${message}: ${textOf(cause)}`
  const isUpstream = error instanceof UpstreamError || error instanceof UnreachableError
  return { ...(isUpstream && { origin: error.origin }), status, error: name, reason }
}

function summaryOf(error: XrpcError): string {
  const isUpstream = error instanceof UpstreamError || error.status === 502 || error.status === 504
  return isUpstream ? 'upstream service failed' : 'XRPC call failed'
}

function textOf(cause: unknown): string {
  const { code, message } = cause as { code?: unknown; message?: unknown }
  return [code, message].filter((part) => typeof part === 'string' && part !== '').join(' ')
}
