/** Jobs of tenants that have not ended, each leased to a gateway; when a lease ends, another gateway goes on with the job. */
import type { Directory } from '#src/directory/open-directory.ts'
import { addTenantEvent } from '#src/directory/webhook-events.ts'

const LEASE_MS = 15_000

export interface JobName {
  tenant: string
  job: string
}

/** Idempotent. */
export async function addJob(directory: Directory, { tenant, job }: JobName): Promise<void> {
  const insert = {
    sql: 'INSERT OR IGNORE INTO tenant_job (job, tenant, taken_until) VALUES (?, ?, 0)',
    params: [job, tenant],
  }
  await directory.lane.write([`job ${job}`], async () => ({
    answer: undefined,
    statements: [insert],
  }))
}

/** Leases jobs that no gateway has, for 15 s. If the answer is lost, they wait for the end of the lease. */
export async function takeJobs(
  directory: Directory,
  { limit }: { limit: number },
): Promise<JobName[]> {
  const { sql, clock } = directory
  // Usually there are no jobs, and then nothing is written.
  const due =
    'SELECT job, tenant FROM tenant_job WHERE taken_until <= ? ORDER BY taken_until LIMIT ?'
  if ((await sql.all(due, clock.now(), limit)).length === 0) return []
  return directory.lane.write<JobName[]>(['jobs'], async (now) => {
    const jobs = await sql.all<JobName>(due, now, limit)
    const names = JSON.stringify(jobs.map(({ job }) => job))
    const take = {
      sql: `UPDATE tenant_job SET taken_until = ?
            WHERE job IN (SELECT value FROM json_each(?))`,
      params: [now + LEASE_MS, names],
    }
    return { answer: jobs, statements: jobs.length === 0 ? [] : [take] }
  })
}

/** Those that have not ended. */
export function listJobs({ sql }: Directory, { limit }: { limit: number }): Promise<JobName[]> {
  return sql.all<JobName>('SELECT job, tenant FROM tenant_job ORDER BY tenant, job LIMIT ?', limit)
}

/** Renews the lease. Call it in the gateway that has the job. */
export async function keepJob(directory: Directory, { job }: { job: string }): Promise<void> {
  await directory.lane.write([`job ${job}`], async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: 'UPDATE tenant_job SET taken_until = ? WHERE job = ?',
        params: [now + LEASE_MS, job],
      },
    ],
  }))
}

/** How a job has ended, for the webhooks. */
interface EndedJob {
  kind: string
  state: string
  rows: number
  created: number
  existing: number
  failed: number
}

/** Call it when the job has ended, with how it did unless it is unknown. Idempotent. */
export async function removeJob(
  { lane, sql }: Directory,
  { job, ended }: { job: string; ended?: EndedJob },
): Promise<void> {
  await lane.write([`job ${job}`], async (now) => {
    const row = await sql.first<{ tenant: string }>(
      'SELECT tenant FROM tenant_job WHERE job = ?',
      job,
    )
    if (row === undefined) return { answer: undefined, statements: [] }
    const remove = { sql: 'DELETE FROM tenant_job WHERE job = ?', params: [job] }
    const event = { tenant: row.tenant, id: `job_${job}`, type: 'job.finished' as const }
    const events =
      ended === undefined ? [] : addTenantEvent({ ...event, data: { job, ...ended } }, now)
    return { answer: undefined, statements: [remove, ...events] }
  })
}
