/**
 * Deletes many accounts, at a pace that relays follow: each deletion is an event, of which a relay takes only so many in
 * an hour. Nothing about the progress is stored: accounts that are gone are skipped, so a repetition goes on.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isUnanswered, retryDelay } from '#src/cli/retry-delay.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { XrpcError } from '#src/errors.ts'

/** Deleted, gone before, or failed with `error` and `message`. */
export interface Deletion {
  account: string
  deleted?: true
  gone?: true
  error?: string
  message?: string
}

export interface DeletionCounts {
  deleted: number
  gone: number
  failed: number
}

export interface DeletionJob {
  server: ServerClient
  perMinute: number
  onResult(result: Deletion, counts: DeletionCounts): void
  /** Aborted to stop after the account that is being deleted. */
  signal: AbortSignal
  now?: () => number
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

const MINUTE_MS = 60_000
/** Accounts in a row without an answer after which the server is taken to be away. */
const MAX_UNANSWERED = 3

/** `accounts` are DIDs. Throws if the server does not answer, or refuses the admin's password. */
export async function deleteAccounts(
  job: DeletionJob,
  accounts: readonly string[],
): Promise<DeletionCounts> {
  const { now = Date.now } = job
  const counts: DeletionCounts = { deleted: 0, gone: 0, failed: 0 }
  let unanswered = 0
  let notBefore = 0
  for (const account of accounts) {
    await sleep(job, notBefore - now())
    if (job.signal.aborted) break
    const startedAt = now()
    const result = await deleteOne(job, account)
    unanswered = result.error === UNREACHABLE ? unanswered + 1 : 0
    if (result.deleted) {
      counts.deleted++
      notBefore = startedAt + MINUTE_MS / job.perMinute
    } else if (result.gone) counts.gone++
    else counts.failed++
    job.onResult(result, counts)
    if (unanswered < MAX_UNANSWERED) continue
    const done = counts.deleted + counts.gone
    throw new Error(
      `${job.server.url} does not answer: ${done} of ${accounts.length} accounts are deleted. Run the command again later: it skips these`,
    )
  }
  return counts
}

const UNREACHABLE = 'Unreachable'

// Made again after an answer was lost, the call finds the account gone, or deletes it once more, which changes nothing.
async function deleteOne(job: DeletionJob, account: string): Promise<Deletion> {
  for (let attempt = 1; ; attempt++) {
    try {
      await job.server.post('com.atproto.admin.deleteAccount', { did: account })
      return { account, deleted: true }
    } catch (error) {
      if (isGone(error)) return attempt === 1 ? { account, gone: true } : { account, deleted: true }
      if (error instanceof XrpcError && error.status === 401) throw error
      const delay = job.signal.aborted ? undefined : retryDelay(error, attempt)
      if (delay === undefined) return { account, ...describe(error) }
      await sleep(job, delay)
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 400 && error.error === 'NotFound'
}

async function sleep({ wait = abortableWait, signal }: DeletionJob, ms: number): Promise<void> {
  if (ms > 0 && !signal.aborted) await wait(ms, signal)
}

function abortableWait(ms: number, signal: AbortSignal): Promise<unknown> {
  return pause(ms, undefined, { signal }).catch(() => {})
}

function describe(error: unknown): { error: string; message: string } {
  const { message } = error as Error
  return { error: isUnanswered(error) ? UNREACHABLE : (error as XrpcError).error, message }
}
