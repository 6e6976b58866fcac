/** Runs `deleteDueAccounts` when the gateway starts, soon after, and then every minute. */

import type { DidCheckPorts } from '#src/gateway/identity/did-check.ts'
import { type DeletionPorts, deleteDueAccounts } from '#src/gateway/workflows/delete-account.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 60_000
/** By the second run, deleted accounts that got a reminder at the start have pushed their status to the directory. */
const SECOND_RUN_MS = 5_000

export function startDueDeletions(
  ports: DeletionPorts & Omit<DidCheckPorts, 'plc'> & { timer: Timer },
): () => void {
  let isFirst = true
  return startPeriodicTask(ports.timer, async (isStopped) => {
    await deleteDueAccounts(ports, isStopped).catch((error) => {
      ports.log.warn({ err: error }, 'listing accounts due for deletion failed')
    })
    const nextMs = isFirst ? SECOND_RUN_MS : INTERVAL_MS
    isFirst = false
    return nextMs
  })
}
