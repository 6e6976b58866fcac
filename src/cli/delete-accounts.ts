/** Deletes many accounts at a pace that relays can follow. Accounts that are gone are skipped, so it can be run again. */
import { type PacedJob, runPaced, sleep } from '#src/cli/paced-accounts.ts'
import { describeFailure, retryDelay } from '#src/cli/retry-delay.ts'
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

export interface DeletionJob extends PacedJob {
  server: ServerClient
  onResult(result: Deletion, counts: DeletionCounts): void
}

/** `accounts` are DIDs. Throws if the server does not answer, or refuses the admin's password. */
export async function deleteAccounts(
  job: DeletionJob,
  accounts: readonly string[],
): Promise<DeletionCounts> {
  const counts: DeletionCounts = { deleted: 0, gone: 0, failed: 0 }
  const run = async (account: string) => {
    const result = await deleteOne(job, account)
    if (result.deleted) counts.deleted++
    else if (result.gone) counts.gone++
    else counts.failed++
    job.onResult(result, counts)
    return { isChanged: result.deleted === true, error: result.error }
  }
  await runPaced(job, accounts, run, () => {
    const done = counts.deleted + counts.gone
    return new Error(
      `${job.server.url} does not answer: ${done} of ${accounts.length} accounts are deleted. Run the command again later: it skips these`,
    )
  })
  return counts
}

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
      if (delay === undefined) return { account, ...describeFailure(error) }
      await sleep(job, delay)
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 400 && error.error === 'NotFound'
}
