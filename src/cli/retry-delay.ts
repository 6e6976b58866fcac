/** Failed calls of commands that make many: how long to wait before the next attempt, and what to say in the end. */
import { UNNAMED } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

const MAX_ATTEMPTS = 8
const MAX_WAIT_MS = 5 * 60_000

/** The error of a server that does not answer. */
export const UNREACHABLE = 'Unreachable'

/** In ms, after the n-th attempt; undefined if a repetition would have the same outcome. */
export function retryDelay(error: unknown, attempt: number): number | undefined {
  if (attempt >= MAX_ATTEMPTS) return undefined
  if (!(error instanceof XrpcError)) return 1000 * attempt
  if (error.status < 500 && error.status !== 429) return undefined
  const seconds = Number(error.headers?.['retry-after'])
  return Math.min(Number.isFinite(seconds) ? seconds * 1000 : 1000 * attempt, MAX_WAIT_MS)
}

/** A proxy in front of a server that is away answers 502, 503 or 504, without an error of XRPC. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof XrpcError)) return true
  return [502, 503, 504].includes(error.status) && error.error === UNNAMED
}

export function describeFailure(error: unknown): { error: string; message: string } {
  const { message } = error as Error
  return { error: isUnanswered(error) ? UNREACHABLE : (error as XrpcError).error, message }
}
