/** Leases in the directory, for work that one process of the server does at a time: renewed until the work has ended. */
import { randomUUID } from 'node:crypto'
import type { ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

const LEASE_MS = 60_000
const RENEWAL_MS = 15_000

export interface Lease {
  holder: string
  /** Renews the lease. Throws if another process has it meanwhile, because this one was paused. */
  mustHold(): Promise<void>
}

type LeasePorts = Pick<ArchivePorts, 'timer'> & {
  dispatch: {
    directory: {
      archives: Pick<
        ArchivePorts['dispatch']['directory']['archives'],
        'takeLease' | 'releaseLease'
      >
    }
  }
}

/** Undefined if another process has the lease. If this process is killed, others get it within a minute. */
export async function withLease<T>(
  { dispatch, timer }: LeasePorts,
  name: string,
  work: (lease: Lease) => Promise<T>,
): Promise<T | undefined> {
  const { archives } = dispatch.directory
  const holder = randomUUID()
  const take = () => archives.takeLease({ name, holder, ms: LEASE_MS })
  if (!(await take())) return undefined
  const mustHold = async () => {
    if (!(await take())) throw new Error(`the lease of ${name} was lost to another process`)
  }
  const renew = async () => {
    // If it fails, it is tried again before the lease ends.
    await take().catch(() => {})
    return RENEWAL_MS
  }
  const stop = startPeriodicTask(timer, renew, { firstMs: RENEWAL_MS })
  try {
    return await work({ holder, mustHold })
  } finally {
    stop()
    await archives.releaseLease({ name, holder }).catch(() => {})
  }
}
