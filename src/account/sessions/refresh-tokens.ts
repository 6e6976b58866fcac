/** The refresh tokens of one account: what was issued, what was rotated, what was revoked. */
import type { Account } from '#src/account/account.ts'
import type { Statement } from '#src/ports/sql.ts'
import { newTokenId, refreshGrace, refreshLifetime } from '#src/rules/session-tokens.ts'

interface RefreshToken {
  expiresAt: number
  nextId: string | null
  appPasswordName: string | null
  /** Of the app password; null where there is none, or none any more. */
  privileged: number | null
}

/** The token that follows another one; its session began with this app password, if any. */
export interface NextToken {
  id: string
  appPassword: { privileged: boolean } | undefined
}

/** Stores a token issued `now`; times are milliseconds since 1970. */
export function storeToken(id: string, now: number): Statement {
  return {
    sql: 'INSERT INTO refresh_token (id, expires_at) VALUES (?, ?)',
    params: [id, now + refreshLifetime],
  }
}

/** The same for a token that is given for a password, unless that was changed or revoked meanwhile. */
export function storeTokenUnlessRevoked(
  id: string,
  now: number,
  given: { appPassword: string | undefined; passwordHash: string | null },
): Statement {
  const { appPassword, passwordHash } = given
  const [isStill, shown] =
    appPassword === undefined
      ? ['EXISTS (SELECT 1 FROM account WHERE password_hash = ?)', passwordHash]
      : [`EXISTS (SELECT 1 FROM credential WHERE kind = 'app password' AND name = ?)`, appPassword]
  return {
    sql: `INSERT INTO refresh_token (id, expires_at, app_password_name) SELECT ?, ?, ? WHERE ${isStill}`,
    params: [id, now + refreshLifetime, appPassword ?? null, shown],
  }
}

/**
 * The token that follows `id`: always the same one, however often and however concurrently it is
 * asked for. From the first time on `id` has two hours left. Undefined where it was revoked or has expired.
 */
export async function rotateToken(account: Account, id: string): Promise<NextToken | undefined> {
  const now = account.clock.now()
  const token = await findToken(account, id)
  if (token === undefined || token.expiresAt <= now) return undefined
  if (token.nextId !== null) return nextOf(token)
  await account.sql.batch([...rotation(id, newTokenId(), now), purge(now)])
  return nextOf(await findToken(account, id))
}

function nextOf(token: RefreshToken | undefined): NextToken | undefined {
  if (token === undefined || token.nextId === null) return undefined
  const { nextId: id, appPasswordName, privileged } = token
  if (appPasswordName === null) return { id, appPassword: undefined }
  return privileged === null ? undefined : { id, appPassword: { privileged: privileged !== 0 } }
}

/** Revokes the token, and what else would lead to it within the grace of a rotation. */
export function revokeToken(id: string): Statement {
  return { sql: 'DELETE FROM refresh_token WHERE id = ? OR next_id = ?', params: [id, id] }
}

function findToken(account: Account, id: string): Promise<RefreshToken | undefined> {
  return account.sql.first<RefreshToken>(
    `SELECT expires_at AS expiresAt, next_id AS nextId, app_password_name AS appPasswordName, privileged
     FROM refresh_token LEFT JOIN credential ON kind = 'app password' AND name = app_password_name
     WHERE id = ?`,
    id,
  )
}

/** Does nothing where somebody else rotated or revoked the token first. */
function rotation(id: string, nextId: string, now: number): Statement[] {
  return [
    {
      sql: `INSERT INTO refresh_token (id, expires_at, app_password_name)
            SELECT ?, ?, app_password_name FROM refresh_token WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + refreshLifetime, id],
    },
    {
      sql: `UPDATE refresh_token SET next_id = ?, expires_at = min(expires_at, ?)
            WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + refreshGrace, id],
    },
  ]
}

function purge(now: number): Statement {
  return { sql: 'DELETE FROM refresh_token WHERE expires_at <= ?', params: [now] }
}
