/**
 * Changes many accounts, at a pace that relays can follow: each change is an event, and a relay takes only so many of them in an
 * hour. No progress is stored: accounts that need no change take no time, so a second run continues where the first one stopped.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { UNREACHABLE } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

export interface PacedJob {
  server: Pick<ServerClient, 'url' | 'post'>
  perMinute: number
  /** Aborted to stop after the account that is being worked on. */
  signal: AbortSignal
  now?: () => number
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

const MINUTE_MS = 60_000
/** Accounts in a row without an answer, after which the server is considered unreachable. */
const MAX_UNANSWERED = 3

/** `run` returns whether the account was changed, and its error. Throws `unreachable()` if the server does not answer. */
export async function runPaced(
  job: PacedJob,
  accounts: readonly string[],
  run: (account: string) => Promise<{ isChanged: boolean; error?: string | undefined }>,
  unreachable: () => Error,
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
    if (unanswered >= MAX_UNANSWERED) throw unreachable()
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
