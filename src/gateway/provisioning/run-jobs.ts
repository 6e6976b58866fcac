/**
 * Runs the jobs of tenants, one part after another. The directory leases a job to one gateway; if that gateway is killed,
 * another one goes on with the first part without results. Its rows may run twice, which creates no account twice.
 */
import type { JobName } from '#src/directory/tenant-jobs.ts'
import { XrpcError } from '#src/errors.ts'
import { openRows } from '#src/gateway/provisioning/receive-job.ts'
import { type Row, type RowPorts, resultOf } from '#src/gateway/provisioning/row-results.ts'
import { type RowKind, rowRunner } from '#src/gateway/provisioning/row-runner.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'
import { pause } from '#src/ports/pause.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 5_000
/** In this process. */
const MAX_JOBS = 2
/** A third of the lease. */
const KEEP_MS = 5_000
/** Pauses before another attempt at a row that failed because another server or an actor was unavailable. */
const RETRY_MS = [1_000, 3_000, 10_000, 30_000]

interface JobPorts {
  server: ServerContext
  timer: Timer
  log: Pick<Log, 'warn' | 'error'>
}

/** After a call of the returned function no further part begins. */
export function runJobs({ server, timer, log }: JobPorts): () => void {
  const { tenantJobs } = server.dispatch.directory
  let running = 0
  let isStopped = false
  const stopTask = startPeriodicTask(timer, async () => {
    const free = MAX_JOBS - running
    const names = free > 0 ? await tenantJobs.take({ limit: free }).catch(() => []) : []
    for (const name of names) {
      running++
      void runJob({ server, timer, log }, name, () => isStopped)
        .catch((err: unknown) => log.warn({ ...name, err }, 'a job was interrupted'))
        .finally(() => running--)
    }
    return INTERVAL_MS
  })
  return () => {
    isStopped = true
    stopTask()
  }
}

export async function runJob(
  ports: JobPorts,
  { tenant: id, job }: JobName,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const { dispatch, provisioning } = ports.server
  const { jobs } = dispatch.tenant(id)
  const { tenantJobs, tenants } = dispatch.directory
  const stopKeeping = startPeriodicTask(
    ports.timer,
    async () => {
      await tenantJobs.keep({ job }).catch(() => {})
      return KEEP_MS
    },
    { firstMs: KEEP_MS },
  )
  const releaseWakes = provisioning.holdWakes()
  try {
    while (!isStopped()) {
      const next = await jobs.next({ id: job }).catch(undefinedIfNotFound)
      // Its client may still be sending it.
      if (next?.state === 'receiving') return
      const tenant = next?.part ? await tenants.get({ id }) : null
      if (!next?.part || tenant === null) {
        if (next === undefined) return await tenantJobs.remove({ job })
        const { kind, state, rows, created, existing, failed } = await jobs.settle({ id: job })
        const ended = { kind, state, rows, created, existing, failed }
        return await tenantJobs.remove({ job, ended })
      }
      const { n, input } = next.part
      const kind = next.kind as RowKind
      const runRow = rowRunner(ports.server, { tenant, kind, maySignIn: false })
      const rowPorts = { timer: ports.timer, log: ports.log, runRow: retrying(runRow, isStopped) }
      const rows = openRows(provisioning, job, input)
      const results = await Promise.all(rows.map((row: Row) => resultOf(rowPorts, row)))
      if (isStopped()) return
      const count = (status: string) => results.filter((row) => row.status === status).length
      await jobs.endPart({
        ...{ id: job, n, results: results.map((row) => `${JSON.stringify(row)}\n`).join('') },
        ...{ created: count('created'), existing: count('existing'), failed: count('error') },
      })
    }
  } finally {
    stopKeeping()
    releaseWakes()
  }
}

function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof XrpcError && error.error === 'JobNotFound') return undefined
  throw error
}

/** The PLC directory may be unavailable for a while. */
function retrying(runRow: RowPorts['runRow'], isStopped: () => boolean): RowPorts['runRow'] {
  return async (row) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await runRow(row)
      } catch (error) {
        const waitMs = RETRY_MS[attempt]
        const isTransient = !(error instanceof XrpcError) || error.status >= 500
        if (!isTransient || waitMs === undefined || isStopped()) throw error
        await pause(waitMs)
      }
    }
  }
}
