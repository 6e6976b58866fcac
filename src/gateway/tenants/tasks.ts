/** The background tasks of gateways for tenants. */
import { deleteTenants, type TenantDeletionPorts } from '#src/gateway/tenants/deletion.ts'
import { type SweepPorts, sweepTenants } from '#src/gateway/tenants/sweep.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

/** How often to look for work that another gateway has begun or left unfinished. */
const INTERVAL_MS = 10_000

/** The function it returns stops the tasks. */
export function startTenantTasks(
  ports: { dispatch: SweepPorts['dispatch'] & TenantDeletionPorts['dispatch'] } & Omit<
    TenantDeletionPorts,
    'dispatch'
  > & { timer: Timer },
): () => void {
  const start = (run: (isStopped: () => boolean) => Promise<void>, failure: string) =>
    startPeriodicTask(ports.timer, async (isStopped) => {
      await run(isStopped).catch((err) => ports.log.warn({ err }, failure))
      return INTERVAL_MS
    })
  const stops = [
    start(
      (isStopped) => sweepTenants(ports, isStopped),
      'listing the accounts of suspended tenants failed',
    ),
    start((isStopped) => deleteTenants(ports, isStopped), 'deleting a tenant failed'),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
