/**
 * What the account stores of its move to or from another server: how far it is, and the sealed session at the other server. A
 * gateway carries it out, for as long as it renews its claim; if it exits, another one may claim it.
 */
import type { Account } from '#src/account/account.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Migration, MigrationProgress, MigrationStep } from '#src/rules/migrations.ts'
import { mustManage } from '#src/rules/states.ts'

/** Of a claim that is not renewed. */
export const CLAIM_MS = 60_000

interface Row {
  direction: 'in' | 'out'
  server: string
  step: MigrationStep
  session: Uint8Array | null
  progress: string
  error: string | null
  startedAt: number
  updatedAt: number
  run: string | null
  runsUntil: number
}

export interface ClaimedMigration extends Migration {
  session: Uint8Array | null
}

export async function findMigration(account: Account): Promise<Migration | null> {
  const row = await findRow(account)
  return row === undefined ? null : viewOf(account, row)
}

/**
 * Begins a move with a session at the other server; if the same one is under way, it goes on with this session. Throws 400
 * MigrationExists if another one is, and as `mustManage`.
 */
export async function beginMigration(
  account: Account,
  { direction, server, session }: Pick<Migration, 'direction' | 'server'> & { session: Uint8Array },
): Promise<void> {
  mustManage((await account.profile.get()).status)
  const now = account.clock.now()
  const row = await findRow(account)
  if (row !== undefined && row.step !== 'done') {
    if (row.server !== server || row.direction !== direction) {
      throw invalidRequest('Another move of this account is under way', 'MigrationExists')
    }
    await account.sql.batch([
      update(now, 'session = ?, error = NULL', [session], 'server = ?', [server]),
    ])
    return
  }
  await account.sql.batch([
    {
      sql: `INSERT OR REPLACE INTO migration
              (id, direction, server, step, session, progress, started_at, updated_at, runs_until)
            VALUES (1, ?, ?, 'repo', ?, '{}', ?, ?, 0)`,
      params: [direction, server, session, now, now],
    },
  ])
}

/**
 * Null if there is none, it is done, or another run has claimed it. With `takesOver`, that run loses its claim, because its
 * process has ended.
 */
export async function claimMigration(
  account: Account,
  { run, takesOver = false }: { run: string; takesOver?: boolean },
): Promise<ClaimedMigration | null> {
  const now = account.clock.now()
  await account.sql.batch([
    update(
      now,
      'run = ?, runs_until = ?, error = NULL',
      [run, now + CLAIM_MS],
      `step <> 'done' AND (run = ? OR run IS NULL OR runs_until <= ? OR ? = 1)`,
      [run, now, takesOver ? 1 : 0],
    ),
  ])
  const row = await findRow(account)
  if (row === undefined || row.run !== run || row.step === 'done') return null
  return { ...viewOf(account, row), session: row.session }
}

export interface MigrationChange {
  run: string
  step?: MigrationStep
  progress?: MigrationProgress
  session?: Uint8Array
  /** Ends the run. */
  end?: { error: string | null }
}

/** Stores how far the run is, and renews its claim. Throws 409 MigrationLost if it has no claim any more. */
export async function saveMigration(account: Account, change: MigrationChange): Promise<void> {
  const { run, step, progress, session, end } = change
  const now = account.clock.now()
  const set = [
    ...(step === undefined ? [] : [['step', step] as const]),
    ...(progress === undefined ? [] : [['progress', JSON.stringify(progress)] as const]),
    ...(session === undefined ? [] : [['session', session] as const]),
    // When it is over, nothing here may be able to act for the account there.
    ...(step === 'done' ? [['session', null] as const] : []),
    ...(end === undefined ? [['runs_until', now + CLAIM_MS] as const] : ended(end)),
  ]
  const columns = set.map(([name]) => `${name} = ?`).join(', ')
  const values = set.map(([, value]) => value)
  const row = await findRow(account)
  // A repeated call finds its run ended.
  if (row?.run === null && end !== undefined) return
  if (row?.run !== run) {
    throw new XrpcError(409, 'MigrationLost', 'The move was stopped, or goes on elsewhere')
  }
  await account.sql.batch([update(now, columns, values, 'run = ?', [run])])
}

/**
 * Forgets the move; a run of it fails with its next step. What is at the other server stays. Idempotent. Throws 400
 * MigrationPublished if the DID may point to the new server already, and the move is not done.
 */
export async function endMigration(account: Account): Promise<void> {
  const row = await findRow(account)
  if (row !== undefined && published.includes(row.step)) {
    throw invalidRequest('The identity has moved: the move must be completed', 'MigrationPublished')
  }
  const steps = published.map((step) => `'${step}'`).join()
  await account.sql.batch([{ sql: `DELETE FROM migration WHERE step NOT IN (${steps})` }])
}

const published: readonly MigrationStep[] = ['identity', 'activate', 'deactivate']

function ended({ error }: { error: string | null }) {
  return [['run', null] as const, ['runs_until', 0] as const, ['error', error] as const]
}

function update(
  now: number,
  set: string,
  values: readonly (string | number | Uint8Array | null)[],
  where: string,
  params: readonly (string | number)[],
): Statement {
  return {
    sql: `UPDATE migration SET updated_at = ?, ${set} WHERE ${where}`,
    params: [now, ...values, ...params],
  }
}

function findRow({ sql }: Account): Promise<Row | undefined> {
  return sql.first<Row>(
    `SELECT direction, server, step, session, progress, error, started_at AS startedAt,
       updated_at AS updatedAt, run, runs_until AS runsUntil FROM migration`,
  )
}

function viewOf({ clock }: Account, row: Row): Migration {
  const { direction, server, step, error, startedAt, updatedAt, run, runsUntil } = row
  return {
    ...{ direction, server, step, error, startedAt, updatedAt },
    progress: JSON.parse(row.progress) as MigrationProgress,
    isRunning: run !== null && runsUntil > clock.now(),
  }
}
