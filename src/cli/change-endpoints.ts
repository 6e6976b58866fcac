/** Changes the URL of the server in the DIDs of many accounts. Those that have it already are skipped, so it can be run again. */
import { type PacedJob, runPaced, sleep } from '#src/cli/paced-accounts.ts'
import { describeFailure, retryDelay } from '#src/cli/retry-delay.ts'
import { XrpcError } from '#src/errors.ts'

export interface EndpointResult {
  account: string
  result?: 'changed' | 'unchanged' | 'elsewhere' | 'impossible'
  handle?: string
  reason?: string
  error?: string
  message?: string
}

export interface EndpointCounts {
  changed: number
  unchanged: number
  /** Accounts whose DIDs name other servers. */
  elsewhere: number
  impossible: number
  failed: number
}

export interface EndpointJob extends PacedJob {
  /** As updateAccountEndpoint takes it. */
  input: { from: string; fromDomain?: string; toDomain?: string; dryRun: boolean }
  onResult(result: EndpointResult, counts: EndpointCounts): void
}

/** An error that every account would get. */
const isForAll = ({ status, error }: XrpcError) =>
  status === 401 || error === 'UnchangedUrl' || error === 'UnsupportedDomain'

/** `accounts` are DIDs. Throws if the server does not answer, or refuses what is the same for all. */
export async function changeEndpoints(
  job: EndpointJob,
  accounts: readonly string[],
): Promise<EndpointCounts> {
  const counts = { changed: 0, unchanged: 0, elsewhere: 0, impossible: 0, failed: 0 }
  const run = async (account: string) => {
    const result = await changeOne(job, account)
    counts[result.result ?? 'failed']++
    job.onResult(result, counts)
    return { isChanged: result.result === 'changed' && !job.input.dryRun, error: result.error }
  }
  await runPaced(job, accounts, run, () => {
    const done = counts.changed + counts.unchanged
    return new Error(
      `${job.server.url} does not answer: ${done} of ${accounts.length} accounts are done. Run the command again later: it skips these`,
    )
  })
  return counts
}

async function changeOne(job: EndpointJob, account: string): Promise<EndpointResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      const input = { ...job.input, did: account }
      const { did: _, ...answer } = await job.server.post<{ did: string } & EndpointResult>(
        'dev.headwater.admin.updateAccountEndpoint',
        input,
      )
      return { ...answer, account }
    } catch (error) {
      if (error instanceof XrpcError && isForAll(error)) throw error
      const delay = job.signal.aborted ? undefined : retryDelay(error, attempt)
      if (delay === undefined) return { account, ...describeFailure(error) }
      await sleep(job, delay)
    }
  }
}
