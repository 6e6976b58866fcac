/** What operators have started on archives: it goes on when they leave the page, which shows the outcome for a while. */
import { XrpcError } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'

export type JobKind = 'create' | 'verify' | 'drill' | 'restore'

export interface ArchiveJob {
  kind: JobKind
  did: string
  startedAt: number
  /** In English, as on the command line. */
  progress: string
  outcome?: JobOutcome | { error: string }
}

export interface JobOutcome {
  archive: string
  records: number
  blobs: number
  /** What is left to do, in English. */
  next?: string | undefined
}

const MAX_JOBS = 50

export class ArchiveJobs {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  /** The newest first. */
  #jobs: ArchiveJob[] = []

  constructor(ports: { clock: Clock; onError(error: unknown): void }) {
    this.#clock = ports.clock
    this.#onError = (error) => ports.onError(error)
  }

  /** Of one account, or of all. */
  list(did?: string): readonly ArchiveJob[] {
    return did === undefined ? this.#jobs : this.#jobs.filter((job) => job.did === did)
  }

  /** Ends with the work, and never throws. */
  start(
    kind: JobKind,
    did: string,
    work: (report: (progress: string) => void) => Promise<JobOutcome>,
  ): Promise<void> {
    const job: ArchiveJob = { kind, did, startedAt: this.#clock.now(), progress: '' }
    this.#jobs = [job, ...this.#jobs].slice(0, MAX_JOBS)
    const report = (progress: string) => {
      job.progress = progress
    }
    return work(report).then(
      (outcome) => {
        job.outcome = outcome
      },
      (error) => {
        const isKnown = error instanceof XrpcError
        if (!isKnown) this.#onError(error)
        job.outcome = { error: isKnown ? error.message : 'Internal server error' }
      },
    )
  }
}
