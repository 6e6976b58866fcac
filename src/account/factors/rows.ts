/** The `factor` table: rows by kind and id. */
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import type { Statement } from '#src/ports/sql.ts'

/**
 * - `new totp`: waits for its first code.
 * - `recovery code`: one of ten; the id is its hash.
 * - `code`: mailed, or shown by an account page; the id is its purpose, the name its hash.
 * - `attempts`: number of recent wrong codes.
 * - `session`, `step`: a session of the account pages, and a sign-in there that lacks its second step; the id is the
 *   token's hash.
 * - `challenge`: already answered with a passkey, so not accepted again.
 */
export type RowKind =
  | FactorKind
  | 'new totp'
  | 'recovery code'
  | 'code'
  | 'attempts'
  | 'session'
  | 'step'
  | 'challenge'

export interface FactorRow {
  id: string
  secret: Uint8Array | null
  counter: number
  name: string | null
  createdAt: number
  lastUsedAt: number | null
}

const columns = 'id, secret, counter, name, created_at AS createdAt, last_used_at AS lastUsedAt'

export function listRows({ sql }: Account, kind: RowKind): Promise<FactorRow[]> {
  const order = 'ORDER BY created_at, id'
  return sql.all<FactorRow>(`SELECT ${columns} FROM factor WHERE kind = ? ${order}`, kind)
}

export function findRow(
  { sql }: Account,
  kind: RowKind,
  id: string,
): Promise<FactorRow | undefined> {
  return sql.first<FactorRow>(
    `SELECT ${columns} FROM factor WHERE kind = ? AND id = ?`,
    ...[kind, id],
  )
}

/** With a `condition` the row is put only if that is true. */
export function putRow(
  { clock }: Pick<Account, 'clock'>,
  kind: RowKind,
  id: string,
  row: Partial<Pick<FactorRow, 'secret' | 'counter' | 'name' | 'createdAt' | 'lastUsedAt'>> = {},
  condition: Statement = { sql: 'TRUE' },
): Statement {
  const { secret = null, counter = 0, name = null, createdAt = clock.now(), lastUsedAt } = row
  return {
    sql: `INSERT OR REPLACE INTO factor (kind, id, secret, counter, name, created_at, last_used_at)
          SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${condition.sql}`,
    params: [
      ...[kind, id, secret, counter, name, createdAt, lastUsedAt ?? null],
      ...(condition.params ?? []),
    ],
  }
}

export function markRowUsed(
  { clock }: Pick<Account, 'clock'>,
  kind: RowKind,
  id: string,
  counter: number,
): Statement {
  return {
    sql: 'UPDATE factor SET counter = ?, last_used_at = ? WHERE kind = ? AND id = ?',
    params: [counter, clock.now(), kind, id],
  }
}

export function removeRows(kind: RowKind, id?: string): Statement {
  if (id === undefined) return { sql: 'DELETE FROM factor WHERE kind = ?', params: [kind] }
  return { sql: 'DELETE FROM factor WHERE kind = ? AND id = ?', params: [kind, id] }
}

export function removeOlderRows(kind: RowKind, moment: number): Statement {
  return { sql: 'DELETE FROM factor WHERE kind = ? AND created_at <= ?', params: [kind, moment] }
}

/** Keeps the newest `count`. */
export function keepNewestRows(kind: RowKind, count: number): Statement {
  return {
    sql: `DELETE FROM factor WHERE kind = ?1 AND id NOT IN
            (SELECT id FROM factor WHERE kind = ?1 ORDER BY created_at DESC, id LIMIT ?2)`,
    params: [kind, count],
  }
}

export async function writeFactors(
  account: Account,
  statements: readonly Statement[],
): Promise<void> {
  try {
    await account.sql.batch(statements)
  } finally {
    account.factorKinds.clear()
  }
}
