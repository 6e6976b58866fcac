/** Runs `deleteDueAccounts` when the gateway starts, soon after, and then every minute. */
import { type DeletionDeps, deleteDueAccounts } from '#src/gateway/workflows/delete-account.ts'
import type { DidCheckDeps } from '#src/gateway/workflows/did-check.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 60_000
/** By the second run, deleted accounts that got a reminder at the start have pushed their status to the directory. */
const SECOND_RUN_MS = 5_000

export function startDueDeletions(
  deps: DeletionDeps & Omit<DidCheckDeps, 'plc'> & { timer: Timer },
): () => void {
  let isFirst = true
  return startPeriodicTask(deps.timer, async (isStopped) => {
    await deleteDueAccounts(deps, isStopped).catch((error) => {
      deps.log.warn({ err: error }, 'listing accounts due for deletion failed')
    })
    const nextMs = isFirst ? SECOND_RUN_MS : INTERVAL_MS
    isFirst = false
    return nextMs
  })
}
