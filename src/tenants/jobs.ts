/**
 * Jobs of a tenant: files whose rows a gateway processes in the background. A file is stored in parts. When the results of
 * a part are known, they replace its rows. The directory assigns jobs to gateways (src/directory/tenant-jobs.ts).
 */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TenantContext } from '#src/tenants/tenant.ts'

export type JobState = 'receiving' | 'running' | 'done' | 'cancelled'

export interface JobCounts {
  created: number
  existing: number
  failed: number
}

export interface Job extends JobCounts {
  id: string
  /** What a row is: createAccounts, adoptAccounts. */
  kind: string
  state: JobState
  rows: number
  /** ISO 8601. */
  createdAt: string
  createdBy: string
  endedAt?: string
}

interface JobRow extends JobCounts {
  id: string
  kind: string
  state: JobState
  rows: number
  createdAt: number
  createdBy: string
  endedAt: number | null
}

const MAX_RUNNING = 5
const MAX_JOBS = 100
const KEPT_MS = 30 * 24 * 60 * 60_000
/** A file that is not complete after this time counts as given up by its client. */
const RECEIVING_MS = 2 * 60 * 60_000

const columns = `id, kind, state, row_count AS rows, created, existing, failed,
  created_at AS createdAt, created_by AS createdBy, ended_at AS endedAt`

/** Throws 429 RateLimitExceeded if the tenant has too many jobs that run, or that were created in the last 30 days. */
export async function beginJob(
  tenant: TenantContext,
  { id, kind, by }: { id: string; kind: string; by: string },
): Promise<void> {
  await tenant.lane.write(['jobs'], async (now) => {
    const isOld = `(state IN ('done', 'cancelled') AND ended_at <= ?1)
      OR (state = 'receiving' AND created_at <= ?2)`
    const times = [now - KEPT_MS, now - RECEIVING_MS]
    const row = await tenant.sql.first<{ own: number; running: number; jobs: number }>(
      `SELECT coalesce(sum(id = ?3), 0) AS own, count(*) AS jobs,
         coalesce(sum(state IN ('receiving', 'running')), 0) AS running
       FROM job WHERE NOT (${isOld})`,
      ...[...times, id],
    )
    const { own, running, jobs } = row ?? { own: 0, running: 0, jobs: 0 }
    if (own > 0) return { answer: undefined, statements: [] }
    if (running >= MAX_RUNNING) throw tooMany(`${MAX_RUNNING} jobs at once`)
    if (jobs >= MAX_JOBS) throw tooMany(`${MAX_JOBS} jobs in 30 days`)
    return {
      answer: undefined,
      statements: [
        {
          sql: `DELETE FROM job_part WHERE job IN (SELECT id FROM job WHERE ${isOld})`,
          params: times,
        },
        { sql: `DELETE FROM job WHERE ${isOld}`, params: times },
        {
          sql: `INSERT INTO job (id, kind, state, created_at, created_by)
                VALUES (?, ?, 'receiving', ?, ?)`,
          params: [id, kind, now, by],
        },
      ],
    }
  })
}

export interface JobPart {
  id: string
  /** From 0 on. */
  n: number
  /** Its rows, sealed by the gateway. */
  input: Uint8Array
  rows: number
}

export async function addJobPart(
  tenant: TenantContext,
  { id, n, input, rows }: JobPart,
): Promise<void> {
  const insert = {
    sql: 'INSERT OR REPLACE INTO job_part (job, n, input, row_count) VALUES (?, ?, ?, ?)',
    params: [id, n, input, rows],
  }
  await change(tenant, id, async ({ state }) => (state === 'receiving' ? [insert] : []))
}

/** Call it when the file is complete. */
export async function startJob(tenant: TenantContext, { id }: { id: string }): Promise<Job> {
  await change(tenant, id, async ({ state }) => {
    if (state !== 'receiving') return []
    const sum = '(SELECT coalesce(sum(row_count), 0) FROM job_part WHERE job = ?1)'
    const sql = `UPDATE job SET state = 'running', row_count = ${sum} WHERE id = ?1`
    return [{ sql, params: [id] }]
  })
  return getJob(tenant, { id })
}

/** The first part without results; null if every part has some, or the job has ended. */
export async function nextJobPart(
  tenant: TenantContext,
  { id }: { id: string },
): Promise<{ state: JobState; kind: string; part: { n: number; input: Uint8Array } | null }> {
  const { state, kind } = await mustFind(tenant, id)
  const part = await tenant.sql.first<{ n: number; input: Uint8Array }>(
    'SELECT n, input FROM job_part WHERE job = ? AND input IS NOT NULL ORDER BY n LIMIT 1',
    id,
  )
  return { state, kind, part: state === 'running' && part !== undefined ? part : null }
}

export interface JobPartResults extends JobCounts {
  id: string
  n: number
  /** Lines of JSON. */
  results: string
}

/** Stores the results of a part, unless it has some. The job is done with its last part. */
export async function endJobPart(
  tenant: TenantContext,
  { id, n, results, created, existing, failed }: JobPartResults,
): Promise<void> {
  await change(tenant, id, async (_, now) => {
    const open = await tenant.sql.first(
      'SELECT 1 FROM job_part WHERE job = ? AND n = ? AND input IS NOT NULL',
      ...[id, n],
    )
    if (open === undefined) return []
    return [
      {
        sql: 'UPDATE job_part SET input = NULL, results = ? WHERE job = ? AND n = ?',
        params: [results, id, n],
      },
      {
        sql: `UPDATE job SET created = created + ?, existing = existing + ?, failed = failed + ?
              WHERE id = ?`,
        params: [created, existing, failed, id],
      },
      endIfComplete(id, now),
    ]
  })
}

/** Ends the job if no part is left. */
export async function settleJob(tenant: TenantContext, { id }: { id: string }): Promise<Job> {
  await change(tenant, id, async (_, now) => [endIfComplete(id, now)])
  return getJob(tenant, { id })
}

/** Rows that are under way are not interrupted. Throws 400 JobNotFound. */
export async function cancelJob(tenant: TenantContext, { id }: { id: string }): Promise<Job> {
  await change(tenant, id, async ({ state }, now) =>
    state === 'done' || state === 'cancelled'
      ? []
      : [
          {
            sql: `UPDATE job SET state = 'cancelled', ended_at = ? WHERE id = ?`,
            params: [now, id],
          },
          { sql: 'DELETE FROM job_part WHERE job = ? AND results IS NULL', params: [id] },
        ],
  )
  return getJob(tenant, { id })
}

/** Throws 400 JobNotFound. */
export async function getJob(tenant: TenantContext, { id }: { id: string }): Promise<Job> {
  return jobOf(await mustFind(tenant, id))
}

function jobOf({ endedAt, createdAt, ...row }: JobRow): Job {
  return {
    ...row,
    createdAt: isoTime(createdAt),
    ...(endedAt !== null && { endedAt: isoTime(endedAt) }),
  }
}

/** The newest first. */
export async function listJobs(
  { sql }: TenantContext,
  { limit }: { limit: number },
): Promise<Job[]> {
  const rows = await sql.all<JobRow>(
    `SELECT ${columns} FROM job ORDER BY created_at DESC, id LIMIT ?`,
    limit,
  )
  return rows.map(jobOf)
}

/** The results of the part with the lowest number above `after`; null if there are none yet. */
export async function getJobResults(
  tenant: TenantContext,
  { id, after }: { id: string; after: number },
): Promise<{ n: number; results: string } | null> {
  await mustFind(tenant, id)
  const row = await tenant.sql.first<{ n: number; results: string }>(
    `SELECT n, results FROM job_part WHERE job = ? AND n > ? AND results IS NOT NULL
     ORDER BY n LIMIT 1`,
    ...[id, after],
  )
  return row ?? null
}

function endIfComplete(id: string, now: number): Statement {
  return {
    sql: `UPDATE job SET state = 'done', ended_at = ?1 WHERE id = ?2 AND state = 'running'
          AND NOT EXISTS (SELECT 1 FROM job_part WHERE job = ?2 AND input IS NOT NULL)`,
    params: [now, id],
  }
}

async function change(
  tenant: TenantContext,
  id: string,
  prepare: (job: JobRow, now: number) => Promise<Statement[]>,
): Promise<void> {
  await tenant.lane.write(['jobs'], async (now) => ({
    answer: undefined,
    statements: await prepare(await mustFind(tenant, id), now),
  }))
}

async function mustFind({ sql }: TenantContext, id: string): Promise<JobRow> {
  const row = await sql.first<JobRow>(`SELECT ${columns} FROM job WHERE id = ?`, id)
  if (row === undefined) throw invalidRequest(`There is no job ${id}`, 'JobNotFound')
  return row
}

function tooMany(what: string): XrpcError {
  return new XrpcError(429, 'RateLimitExceeded', `A tenant may have ${what} at most`)
}
