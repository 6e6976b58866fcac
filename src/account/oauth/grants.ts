/** The OAuth tokens of one account: created, found, rotated, revoked. Only ids and hashes are stored, no secrets. */
import type { Account } from '#src/account/account.ts'
import { haveSessionsEndedSince, notEndedSince } from '#src/account/end-sessions.ts'
import { addPrivateEventIfChanged, addPrivateEvents } from '#src/account/private-events.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

/**
 * `data` is JSON: client, client authentication, device, parameters, scope. `expiresAt` is that of the access token.
 */
export interface Grant {
  id: string
  refreshHash: string | null
  data: string
  expiresAt: number
  createdAt: number
  updatedAt: number
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Longer than any refresh token is valid: an unused grant of this age can be deleted. */
export const GRANT_IDLE_LIFETIME_MS = 93 * DAY_MS

/** More than one person uses: above it, the grants end that were least recently refreshed. */
const MAX_GRANTS = 500
/**
 * Used refresh tokens by which a replay is recognized: those of nine apps that are refreshed hourly, all the time. Above
 * it the grant with the most of them ends: if they were forgotten instead, a thief could refresh a stolen one until its
 * replay is not recognized.
 */
const MAX_SPENT = 20_000

const select = `SELECT id, refresh_hash AS refreshHash, data, expires_at AS expiresAt,
  created_at AS createdAt, updated_at AS updatedAt FROM oauth WHERE kind = 'token'`

/** Throws 400 InvalidGrant if the account's sessions were ended since it was authorized, at `authorizedAt`. */
export async function createGrant(
  account: Account,
  input: Grant & { codeHash: string | null; authorizedAt?: number },
): Promise<void> {
  const { id, refreshHash, codeHash, data, expiresAt, createdAt, updatedAt } = input
  const { authorizedAt } = input
  const described = describe(data)
  if (await haveSessionsEndedSince(account, authorizedAt)) throw sessionsEnded()
  // A repeated call adds no second event.
  if ((await findGrant(account, { id })) !== null) return
  await writeTokens(account, [
    {
      sql: `INSERT OR IGNORE INTO oauth
              (kind, id, session, refresh_hash, code_hash, data, expires_at, created_at, updated_at)
            SELECT 'token', ?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ${notEndedSince}`,
      params: [
        id,
        refreshHash,
        codeHash,
        data,
        expiresAt,
        createdAt,
        updatedAt,
        authorizedAt ?? null,
      ],
    },
    addPrivateEventIfChanged(account, '#grant', { change: 'created', ...described }, id),
    ...endLeastUsed(account, id),
    ...deleteExpired(account),
    ...addSecurityEvent(account, 'oauth grant', {}, described.clientId || undefined),
  ])
  if (await haveSessionsEndedSince(account, authorizedAt)) throw sessionsEnded()
}

function sessionsEnded() {
  return invalidRequest('The sessions of the account were ended since', 'InvalidGrant')
}

/** What events say of a grant. */
function describe(data: string): { clientId: string; scope: string } {
  const { clientId, scope, parameters } = JSON.parse(data) as {
    clientId?: string
    scope?: string | null
    parameters?: { scope?: string }
  }
  return { clientId: clientId ?? '', scope: scope ?? parameters?.scope ?? '' }
}

/** The same in SQL, as the body of an event. */
const revokedBody = `json_object('change', 'revoked',
  'clientId', coalesce(json_extract(data, '$.clientId'), ''),
  'scope', coalesce(json_extract(data, '$.scope'), json_extract(data, '$.parameters.scope'), ''))`

function revokedEvents(
  account: Pick<Account, 'clock'>,
  condition: string,
  params: readonly SqlValue[],
): Statement {
  const query = `SELECT session AS subject, ${revokedBody} AS body FROM oauth
                 WHERE kind = 'token' AND ${condition}`
  return addPrivateEvents(account, '#grant', query, params)
}

/** A `refreshHash` also finds the grant if its refresh token was already used. */
export async function findGrant(
  { sql }: Account,
  by: { id: string } | { refreshHash: string } | { codeHash: string },
): Promise<Grant | null> {
  if ('id' in by) return (await sql.first<Grant>(`${select} AND id = ?`, by.id)) ?? null
  if ('codeHash' in by) {
    return (await sql.first<Grant>(`${select} AND code_hash = ?`, by.codeHash)) ?? null
  }
  const found = await sql.first<Grant>(
    `${select} AND (refresh_hash = ?1
       OR session = (SELECT session FROM oauth WHERE kind = 'spent' AND id = ?1))`,
    by.refreshHash,
  )
  return found ?? null
}

export async function listGrants({ sql, clock }: Account): Promise<Grant[]> {
  const since = clock.now() - GRANT_IDLE_LIFETIME_MS
  return sql.all<Grant>(`${select} AND updated_at > ? ORDER BY created_at DESC, id`, since)
}

/**
 * Replaces the token `id` and marks its refresh token as used. Idempotent. Throws 400 if the token does not exist:
 * another call has refreshed it, or it was revoked.
 */
export async function rotateGrant(
  account: Account,
  input: { id: string; next: Omit<Grant, 'createdAt'> },
): Promise<void> {
  const { id, next } = input
  const { sql } = account
  const before = await sql.first<{ data: string; session: string; spent: number }>(
    `SELECT data, session, (SELECT count(*) FROM oauth WHERE kind = 'spent') AS spent
     FROM oauth WHERE kind = 'token' AND id = ?`,
    id,
  )
  const described = describe(next.data)
  const hasChanged = before !== undefined && describe(before.data).scope !== described.scope
  const params = [next.id, next.refreshHash, next.data, next.expiresAt, next.updatedAt, id]
  await writeTokens(account, [
    {
      sql: `INSERT OR IGNORE INTO oauth (kind, id, session, created_at, updated_at)
            SELECT 'spent', refresh_hash, session, ?, ? FROM oauth
            WHERE kind = 'token' AND id = ? AND refresh_hash IS NOT NULL`,
      params: [next.updatedAt, next.updatedAt, id],
    },
    {
      sql: `UPDATE oauth SET id = ?, refresh_hash = ?, data = ?, expires_at = ?, updated_at = ?
            WHERE kind = 'token' AND id = ? AND refresh_hash IS NOT NULL`,
      params,
    },
    ...(hasChanged
      ? [
          addPrivateEventIfChanged(
            account,
            '#grant',
            { change: 'changed', ...described },
            before.session,
          ),
        ]
      : []),
    // Almost no refresh has events, so what may have some is left out of it.
    ...deleteExpired(account, (before?.spent ?? 0) >= MAX_SPENT),
  ])
  const rotated = await sql.first(`${select} AND id = ?`, next.id)
  if (rotated === undefined) throw invalidRequest('Refresh token replayed', 'InvalidGrant')
}

export async function removeGrant(account: Account, { id }: { id: string }): Promise<void> {
  await writeTokens(account, [
    revokedEvents(account, 'id = ?', [id]),
    {
      sql: `DELETE FROM oauth WHERE kind = 'spent' AND session =
              (SELECT session FROM oauth WHERE kind = 'token' AND id = ?)`,
      params: [id],
    },
    { sql: `DELETE FROM oauth WHERE kind = 'token' AND id = ?`, params: [id] },
  ])
}

/** Revokes every token; call `accessTokens.clear()` afterwards. */
export function deleteAllGrants(account: Pick<Account, 'clock'>): Statement[] {
  return [
    revokedEvents(account, 'TRUE', []),
    { sql: `DELETE FROM oauth WHERE kind IN ('token', 'spent')` },
  ]
}

async function writeTokens(account: Account, statements: Statement[]): Promise<void> {
  try {
    await account.sql.batch(statements)
  } finally {
    account.accessTokens.clear()
  }
}

function endLeastUsed(account: Pick<Account, 'clock'>, newest: string): Statement[] {
  const isLeastUsed = `id NOT IN
    (SELECT id FROM oauth WHERE kind = 'token'
     ORDER BY id = ? DESC, updated_at DESC, id LIMIT ?)`
  return revoke(account, isLeastUsed, [newest, MAX_GRANTS])
}

function revoke(
  account: Pick<Account, 'clock'>,
  condition: string,
  params: readonly SqlValue[],
): Statement[] {
  return [
    revokedEvents(account, condition, params),
    { sql: `DELETE FROM oauth WHERE kind = 'token' AND ${condition}`, params },
  ]
}

/**
 * Run it after other deletions: it also deletes the used refresh tokens of grants that are gone. With
 * `mayHaveTooMany` it ends the grant with the most of them, if there are too many.
 */
function deleteExpired(account: Pick<Account, 'clock'>, mayHaveTooMany = true): Statement[] {
  const before = account.clock.now() - GRANT_IDLE_LIFETIME_MS
  const hasMostSpent = `(SELECT count(*) FROM oauth WHERE kind = 'spent') > ? AND session =
    (SELECT session FROM oauth WHERE kind = 'spent'
     GROUP BY session ORDER BY count(*) DESC LIMIT 1)`
  return [
    { sql: `DELETE FROM oauth WHERE kind = 'token' AND updated_at <= ?`, params: [before] },
    { sql: `DELETE FROM oauth WHERE kind = 'spent' AND created_at <= ?`, params: [before] },
    ...(mayHaveTooMany ? revoke(account, hasMostSpent, [MAX_SPENT]) : []),
    {
      sql: `DELETE FROM oauth WHERE kind = 'spent' AND session NOT IN
              (SELECT session FROM oauth WHERE kind = 'token')`,
    },
  ]
}
