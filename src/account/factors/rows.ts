/** The `factor` table, and which factor kinds an account requires at sign-in. */
import type { Account } from '#src/account/account.ts'
import type { Statement } from '#src/ports/sql.ts'

/** What an account may require besides its password; any one of its factors is enough. */
export type FactorKind = 'passkey' | 'totp' | 'email'

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
  /** Milliseconds since 1970. */
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

export function putRow(
  { clock }: Pick<Account, 'clock'>,
  kind: RowKind,
  id: string,
  row: Partial<Pick<FactorRow, 'secret' | 'counter' | 'name' | 'createdAt' | 'lastUsedAt'>> = {},
): Statement {
  const { secret = null, counter = 0, name = null, createdAt = clock.now(), lastUsedAt } = row
  return {
    sql: `INSERT OR REPLACE INTO factor (kind, id, secret, counter, name, created_at, last_used_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
    params: [kind, id, secret, counter, name, createdAt, lastUsedAt ?? null],
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

/** Cached, because every sign-in reads it. */
const cachedKinds = new WeakMap<Account, Promise<FactorKind[]>>()

export function factorKinds(account: Account): Promise<FactorKind[]> {
  const cached = cachedKinds.get(account)
  if (cached !== undefined) return cached
  const reading = account.sql
    .all<{ kind: FactorKind }>(
      `SELECT DISTINCT kind FROM factor WHERE kind IN ('passkey', 'totp', 'email')`,
    )
    .then((rows) => rows.map(({ kind }) => kind))
  cachedKinds.set(account, reading)
  reading.catch(() => cachedKinds.delete(account))
  return reading
}

export async function writeFactors(
  account: Account,
  statements: readonly Statement[],
): Promise<void> {
  try {
    await account.sql.batch(statements)
  } finally {
    cachedKinds.delete(account)
  }
}

/** Call after every attempt to change factors in a transaction that does not go through `writeFactors`. */
export function forgetFactors(account: Account): void {
  cachedKinds.delete(account)
}

const queues = new WeakMap<Account, Promise<unknown>>()

export function runExclusive<T>(account: Account, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(account) ?? Promise.resolve()).then(work)
  queues.set(
    account,
    turn.catch(() => {}),
  )
  return turn
}
