/** The refresh tokens of one account: issued, rotated, revoked. */
import type { Account } from '#src/account/account.ts'
import {
  addPrivateEvent,
  addPrivateEventIfChanged,
  addPrivateEvents,
  MAX_NAME_LENGTH,
} from '#src/account/private-events.ts'
import type { Statement } from '#src/ports/sql.ts'
import {
  newTokenId,
  REFRESH_GRACE_MS,
  REFRESH_LIFETIME_MS,
  sessionIdOf,
} from '#src/rules/session-tokens.ts'

/** More than the rate limits let one address sign in while a token is valid: 300 a day, for 90 days. */
const MAX_TOKENS = 30_000

/** `session` is the id of the session; null for tokens of releases before 5 that were not rotated since. */
interface RefreshToken {
  nextId: string | null
  expiresAt: number
  session: string | null
  member: string | null
  appPasswordName: string | null
  privileged: number | null
}

export interface SessionAppPassword {
  name: string
  privileged: boolean
}

export interface NextToken {
  id: string
  sessionId: string
  appPassword: SessionAppPassword | undefined
  /** Who acts as the account in this session, if it is a group. */
  member?: string
}

/** Begins the session that createAccount returns. */
export function storeToken(account: Pick<Account, 'clock'>, id: string, now: number): Statement[] {
  const session = sessionIdOf(id)
  return [
    {
      sql: 'INSERT INTO refresh_token (id, expires_at, session) VALUES (?, ?, ?)',
      params: [id, now + REFRESH_LIFETIME_MS, session],
    },
    addPrivateEvent(account, '#session', { change: 'created', kind: 'password' }, session),
  ]
}

/** Begins a session. */
export function storeTokenUnlessRevoked(
  account: Pick<Account, 'clock'>,
  id: string,
  now: number,
  login: { appPassword: string | undefined; passwordHash: string | null; member?: string },
): Statement[] {
  const { appPassword: name, passwordHash, member = null } = login
  const [condition, value] =
    name === undefined
      ? ['EXISTS (SELECT 1 FROM account WHERE password_hash = ?)', passwordHash]
      : [`EXISTS (SELECT 1 FROM credential WHERE kind = 'app password' AND name = ?)`, name]
  const session = sessionIdOf(id)
  const change = 'created'
  return [
    {
      sql: `INSERT INTO refresh_token (id, expires_at, app_password_name, session, member)
            SELECT ?, ?, ?, ?, ? WHERE ${condition}`,
      params: [id, now + REFRESH_LIFETIME_MS, name ?? null, session, member, value],
    },
    addPrivateEventIfChanged(
      account,
      '#session',
      name === undefined
        ? { change, kind: 'password' }
        : { change, kind: 'appPassword', name: name.slice(0, MAX_NAME_LENGTH) },
      session,
    ),
  ]
}

/** Begins the session of a member of a group. */
export function storeMemberToken(
  account: Pick<Account, 'clock'>,
  id: string,
  now: number,
  member: string,
): Statement[] {
  const session = sessionIdOf(id)
  return [
    {
      sql: 'INSERT INTO refresh_token (id, expires_at, session, member) VALUES (?, ?, ?, ?)',
      params: [id, now + REFRESH_LIFETIME_MS, session, member],
    },
    addPrivateEvent(account, '#session', { change: 'created', kind: 'password' }, session),
  ]
}

/**
 * Always the same token, however often and concurrently `id` is rotated. After the first call `id` is valid for two
 * more hours. Undefined if it was revoked or has expired.
 */
export async function rotateToken(account: Account, id: string): Promise<NextToken | undefined> {
  const now = account.clock.now()
  const statements = [deleteExpired(now), ...rotation(id, newTokenId(), now), selectToken(id)]
  const [token] = await account.sql.batchAndRead<RefreshToken & { tokens: number }>(statements)
  // Apart, because it may have events, which almost no refresh has.
  if (token !== undefined && token.tokens > MAX_TOKENS) {
    await account.sql.batch(endLeastUsed(account))
  }
  return nextOf(token)
}

/** How the session began whose first token this is, unless it was revoked. A repeated call finds it not yet rotated. */
export async function findFirstToken(
  { sql }: Account,
  id: string,
): Promise<(Pick<NextToken, 'appPassword' | 'member'> & { issuedAt: number }) | undefined> {
  const { sql: select, params = [] } = selectToken(id)
  const token = await sql.first<RefreshToken>(select, ...params)
  const began = token && beginningOf(token)
  return began && { issuedAt: token.expiresAt - REFRESH_LIFETIME_MS, ...began }
}

/** By what the session of a token was begun, and who acts in it; undefined if its app password was revoked. */
function beginningOf({
  member,
  appPasswordName: name,
  privileged,
}: RefreshToken): Pick<NextToken, 'appPassword' | 'member'> | undefined {
  const by = member === null ? {} : { member }
  if (name === null) return { appPassword: undefined, ...by }
  return privileged === null
    ? undefined
    : { appPassword: { name, privileged: privileged !== 0 }, ...by }
}

function nextOf(token: RefreshToken | undefined): NextToken | undefined {
  if (token === undefined || token.nextId === null) return undefined
  const { nextId: id, session } = token
  const began = beginningOf(token)
  return began && { id, sessionId: session ?? sessionIdOf(id), ...began }
}

/** Revokes the token, and the one that was rotated to it and is still in its grace period. */
export function revokeToken(account: Pick<Account, 'clock'>, id: string): Statement[] {
  return [
    addPrivateEvents(
      account,
      '#session',
      `SELECT coalesce(session, ?) AS subject, ${endedBody} AS body FROM refresh_token WHERE id = ?`,
      [sessionIdOf(id), id],
    ),
    { sql: 'DELETE FROM refresh_token WHERE id = ? OR next_id = ?', params: [id, id] },
  ]
}

function selectToken(id: string): Statement {
  return {
    sql: `SELECT next_id AS nextId, expires_at AS expiresAt, session,
            refresh_token.member, app_password_name AS appPasswordName, privileged,
            (SELECT count(*) FROM refresh_token) AS tokens
          FROM refresh_token LEFT JOIN credential ON kind = 'app password' AND name = app_password_name
          WHERE id = ?`,
    params: [id],
  }
}

function rotation(id: string, nextId: string, now: number): Statement[] {
  const session = sessionIdOf(id)
  return [
    {
      sql: `INSERT INTO refresh_token (id, expires_at, app_password_name, member, session)
            SELECT ?, ?, app_password_name, member, coalesce(session, ?)
            FROM refresh_token WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + REFRESH_LIFETIME_MS, session, id],
    },
    {
      sql: `UPDATE refresh_token SET next_id = ?, expires_at = min(expires_at, ?),
              session = coalesce(session, ?)
            WHERE id = ? AND next_id IS NULL`,
      params: [nextId, now + REFRESH_GRACE_MS, session, id],
    },
  ]
}

/** Deletes expired tokens. Above MAX_TOKENS the sessions end, too, that were least recently refreshed. */
export function endSessions(account: Pick<Account, 'clock'>, now: number): Statement[] {
  return [deleteExpired(now), ...endLeastUsed(account)]
}

function deleteExpired(now: number): Statement {
  return { sql: 'DELETE FROM refresh_token WHERE expires_at <= ?', params: [now] }
}

function endLeastUsed(account: Pick<Account, 'clock'>): Statement[] {
  const isLeastUsed = `(SELECT count(*) FROM refresh_token) > ? AND id IN
    (SELECT id FROM refresh_token ORDER BY expires_at DESC, id LIMIT -1 OFFSET ?)`
  const params = [MAX_TOKENS, MAX_TOKENS]
  return [
    // A session without an id has no access tokens that name it; one goes on while it has a newer token.
    addPrivateEvents(
      account,
      '#session',
      `SELECT session AS subject, ${endedBody} AS body FROM refresh_token
       WHERE next_id IS NULL AND session IS NOT NULL AND ${isLeastUsed}`,
      params,
    ),
    { sql: `DELETE FROM refresh_token WHERE ${isLeastUsed}`, params },
  ]
}

/** The fields of an event, from a row of `refresh_token`. */
export const endedBody = `CASE WHEN app_password_name IS NULL
  THEN json_object('change', 'ended', 'kind', 'password')
  ELSE json_object('change', 'ended', 'kind', 'appPassword', 'name', substr(app_password_name, 1, ${MAX_NAME_LENGTH}))
  END`
