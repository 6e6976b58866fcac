/** The refresh tokens of one account: issued, rotated, revoked. */
import type { Account } from '#src/account/account.ts'
import type { Statement } from '#src/ports/sql.ts'
import { newTokenId, REFRESH_GRACE_MS, REFRESH_LIFETIME_MS } from '#src/rules/session-tokens.ts'

/** More than the rate limits let one address sign in while a token is valid: 300 a day, for 90 days. */
const MAX_TOKENS = 30_000

interface RefreshToken {
  nextId: string | null
  expiresAt: number
  appPasswordName: string | null
  privileged: number | null
}

export interface NextToken {
  id: string
  appPassword: { privileged: boolean } | undefined
}

export function storeToken(id: string, now: number): Statement {
  return {
    sql: 'INSERT INTO refresh_token (id, expires_at) VALUES (?, ?)',
    params: [id, now + REFRESH_LIFETIME_MS],
  }
}

export function storeTokenUnlessRevoked(
  id: string,
  now: number,
  login: { appPassword: string | undefined; passwordHash: string | null },
): Statement {
  const { appPassword, passwordHash } = login
  const [condition, value] =
    appPassword === undefined
      ? ['EXISTS (SELECT 1 FROM account WHERE password_hash = ?)', passwordHash]
      : [`EXISTS (SELECT 1 FROM credential WHERE kind = 'app password' AND name = ?)`, appPassword]
  return {
    sql: `INSERT INTO refresh_token (id, expires_at, app_password_name) SELECT ?, ?, ? WHERE ${condition}`,
    params: [id, now + REFRESH_LIFETIME_MS, appPassword ?? null, value],
  }
}

/**
 * Always the same token, however often and concurrently `id` is rotated. After the first call `id` is valid for two
 * more hours. Undefined if it was revoked or has expired.
 */
export async function rotateToken(account: Account, id: string): Promise<NextToken | undefined> {
  const now = account.clock.now()
  const statements = [endSessions(now), ...rotation(id, newTokenId(), now), selectToken(id)]
  const [token] = await account.sql.batchAndRead<RefreshToken>(statements)
  return nextOf(token)
}

/** How the session began whose first token this is, unless it was revoked. A repeated call finds it not yet rotated. */
export async function findFirstToken(
  { sql }: Account,
  id: string,
): Promise<{ issuedAt: number; appPassword: NextToken['appPassword'] } | undefined> {
  const { sql: select, params = [] } = selectToken(id)
  const token = await sql.first<RefreshToken>(select, ...params)
  if (token === undefined) return undefined
  const { expiresAt, appPasswordName, privileged } = token
  const issuedAt = expiresAt - REFRESH_LIFETIME_MS
  if (appPasswordName === null) return { issuedAt, appPassword: undefined }
  return privileged === null
    ? undefined
    : { issuedAt, appPassword: { privileged: privileged !== 0 } }
}

function nextOf(token: RefreshToken | undefined): NextToken | undefined {
  if (token === undefined || token.nextId === null) return undefined
  const { nextId: id, appPasswordName, privileged } = token
  if (appPasswordName === null) return { id, appPassword: undefined }
  return privileged === null ? undefined : { id, appPassword: { privileged: privileged !== 0 } }
}

/** Revokes the token, and the one that was rotated to it and is still in its grace period. */
export function revokeToken(id: string): Statement {
  return { sql: 'DELETE FROM refresh_token WHERE id = ? OR next_id = ?', params: [id, id] }
}

function selectToken(id: string): Statement {
  return {
    sql: `SELECT next_id AS nextId, expires_at AS expiresAt, app_password_name AS appPasswordName, privileged
          FROM refresh_token LEFT JOIN credential ON kind = 'app password' AND name = app_password_name
          WHERE id = ?`,
    params: [id],
  }
}

function rotation(id: string, nextId: string, now: number): Statement[] {
  return [
    {
      sql: `INSERT INTO refresh_token (id, expires_at, app_password_name)
            SELECT ?, ?, app_password_name FROM refresh_token WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + REFRESH_LIFETIME_MS, id],
    },
    {
      sql: `UPDATE refresh_token SET next_id = ?, expires_at = min(expires_at, ?)
            WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + REFRESH_GRACE_MS, id],
    },
  ]
}

/** Deletes expired tokens. Above MAX_TOKENS the sessions end, too, that were least recently refreshed. */
export function endSessions(now: number): Statement {
  return {
    sql: `DELETE FROM refresh_token WHERE expires_at <= ?
            OR (SELECT count(*) FROM refresh_token) > ? AND id IN
              (SELECT id FROM refresh_token ORDER BY expires_at DESC, id LIMIT -1 OFFSET ?)`,
    params: [now, MAX_TOKENS, MAX_TOKENS],
  }
}
