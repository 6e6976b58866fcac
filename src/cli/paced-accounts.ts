/**
 * Runs something for many accounts, at a pace that relays follow: each change is an event, of which a relay takes only so many
 * in an hour. Nothing about the progress is stored: accounts that need no change cost no time, so a repetition goes on.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isUnanswered } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import type { XrpcError } from '#src/errors.ts'

export interface PacedJob {
  server: Pick<ServerClient, 'url' | 'post'>
  perMinute: number
  /** Aborted to stop after the account that is being worked on. */
  signal: AbortSignal
  now?: () => number
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

const MINUTE_MS = 60_000
/** Accounts in a row without an answer after which the server is taken to be away. */
const MAX_UNANSWERED = 3

export const UNREACHABLE = 'Unreachable'

/** `run` returns whether the account was changed, and its error. Throws `away()` if the server does not answer. */
export async function runPaced(
  job: PacedJob,
  accounts: readonly string[],
  run: (account: string) => Promise<{ isChanged: boolean; error?: string | undefined }>,
  away: () => Error,
): Promise<void> {
  const { now = Date.now } = job
  let unanswered = 0
  let notBefore = 0
  for (const account of accounts) {
    await sleep(job, notBefore - now())
    if (job.signal.aborted) return
    const startedAt = now()
    const { isChanged, error } = await run(account)
    unanswered = error === UNREACHABLE ? unanswered + 1 : 0
    if (isChanged) notBefore = startedAt + MINUTE_MS / job.perMinute
    if (unanswered >= MAX_UNANSWERED) throw away()
  }
}

export async function sleep(
  { wait = abortableWait, signal }: Pick<PacedJob, 'wait' | 'signal'>,
  ms: number,
): Promise<void> {
  if (ms > 0 && !signal.aborted) await wait(ms, signal)
}

function abortableWait(ms: number, signal: AbortSignal): Promise<unknown> {
  return pause(ms, undefined, { signal }).catch(() => {})
}

export function describeFailure(error: unknown): { error: string; message: string } {
  const { message } = error as Error
  return { error: isUnanswered(error) ? UNREACHABLE : (error as XrpcError).error, message }
}
