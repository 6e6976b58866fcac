/** The OAuth tokens of one account: created, found, rotated, revoked. Only ids and hashes are stored, no secrets. */
import type { Account } from '#src/account/account.ts'
import { haveSessionsEndedSince, notEndedSince } from '#src/account/end-sessions.ts'
import { revokedEvents, revokeGrants } from '#src/account/grant-events.ts'
import {
  authorizedRows,
  authorizingMember,
  explainFailure,
  isOfCurrentMember,
} from '#src/account/oauth/member-grants.ts'
import { addPrivateEventIfChanged } from '#src/account/private-events.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

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
  /** Who acts with it as the account, a group. */
  member?: string
}

/** With the scopes of the member's role, if it is a member's. */
export type FoundGrant = Grant & { roleScope?: string }

const DAY_MS = 24 * 60 * 60 * 1000
/** Longer than any refresh token is valid: an unused grant of this age can be deleted. */
export const GRANT_IDLE_LIFETIME_MS = 93 * DAY_MS

/** More than one person uses: above it, the grants end that were least recently refreshed. */
const MAX_GRANTS = 500
/** Of each member of a group. */
const MAX_MEMBER_GRANTS = 50
/**
 * Used refresh tokens by which a replay is recognized: those of nine apps that are refreshed hourly, all the time. Above
 * it the grant with the most of them ends: if they were forgotten instead, a thief could refresh a stolen one until its
 * replay is not recognized.
 */
const MAX_SPENT = 20_000
const MAX_MEMBER_SPENT = 5_000

type Row = Omit<Grant, 'member'> & { member: string | null }

const select = `SELECT id, refresh_hash AS refreshHash, data, expires_at AS expiresAt,
  created_at AS createdAt, updated_at AS updatedAt, member FROM oauth WHERE kind = 'token'`

/**
 * Throws 400 InvalidGrant if the account's sessions were ended since it was authorized, at `authorizedAt`, or if the
 * membership of the member has ended.
 */
export async function createGrant(
  account: Account,
  input: Grant & { codeHash: string | null; authorizedAt?: number },
): Promise<void> {
  const { id, refreshHash, codeHash, data, expiresAt, createdAt, updatedAt } = input
  const { authorizedAt, member } = input
  const described = describe(data)
  if (await haveSessionsEndedSince(account, authorizedAt)) throw sessionsEnded()
  // A repeated call adds no second event.
  if ((await readGrant(account, { id })) !== undefined) return
  const by =
    member === undefined
      ? undefined
      : await authorizingMember(account, member, { id, ...described })
  const begun = [refreshHash, codeHash, data, expiresAt, createdAt, updatedAt]
  await writeTokens(account, [
    {
      sql: `INSERT OR IGNORE INTO oauth (kind, id, session, refresh_hash, code_hash, data, expires_at,
              created_at, updated_at, member)
            SELECT 'token', ?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ${notEndedSince}`,
      params: [id, ...begun, member ?? null, authorizedAt ?? null],
    },
    addPrivateEventIfChanged(account, '#grant', { change: 'created', ...described }, id),
    ...endLeastUsed(account, id, member),
    ...deleteExpired(account, member),
    ...addSecurityEvent(account, 'oauth grant', {}, described.clientId || undefined),
    ...(by === undefined ? [] : authorizedRows(account, by, described)),
  ]).catch((error) => {
    if (by === undefined) throw error
    return explainFailure(account, by, error)
  })
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

/**
 * A `refreshHash` also finds the grant if its refresh token was already used. A grant of a member is found only while it
 * is one.
 */
export async function findGrant(account: Account, by: GrantName): Promise<FoundGrant | null> {
  const row = await readGrant(account, by)
  if (row === undefined) return null
  const grant = grantOf(row)
  if (grant.member === undefined) return grant
  const found = await account.members.find(grant.member, account.clock.now())
  return found === undefined ? null : { ...grant, roleScope: found.role.scope }
}

type GrantName = { id: string } | { refreshHash: string } | { codeHash: string }

async function readGrant({ sql }: Account, by: GrantName): Promise<Row | undefined> {
  if ('id' in by) return sql.first<Row>(`${select} AND id = ?`, by.id)
  if ('codeHash' in by) return sql.first<Row>(`${select} AND code_hash = ?`, by.codeHash)
  return sql.first<Row>(
    `${select} AND (refresh_hash = ?1
       OR session = (SELECT session FROM oauth WHERE kind = 'spent' AND id = ?1))`,
    by.refreshHash,
  )
}

function grantOf({ member, ...grant }: Row): Grant {
  return { ...grant, ...(member !== null && { member }) }
}

/** Of a `member` only its own. */
export async function listGrants(
  { sql, clock }: Account,
  { member }: { member?: string } = {},
): Promise<Grant[]> {
  const since = clock.now() - GRANT_IDLE_LIFETIME_MS
  const rows = await sql.all<Row>(
    `${select} AND updated_at > ?1 AND (?2 IS NULL OR member = ?2) ORDER BY created_at DESC, id`,
    since,
    member ?? null,
  )
  return rows.map(grantOf)
}

/**
 * Replaces the token `id` and marks its refresh token as used. Idempotent. Throws 400 if the token does not exist:
 * another call has refreshed it, it was revoked, or the membership of its member has ended.
 */
export async function rotateGrant(
  account: Account,
  input: { id: string; next: Omit<Grant, 'createdAt'> },
): Promise<void> {
  const { id, next } = input
  const { sql } = account
  const before = await sql.first<Pick<Row, 'data' | 'member'> & { session: string; spent: number }>(
    `SELECT data, session, member, (SELECT count(*) FROM oauth AS used
       WHERE used.kind = 'spent' AND used.member IS oauth.member) AS spent
     FROM oauth WHERE kind = 'token' AND id = ?`,
    id,
  )
  const member = before?.member ?? undefined
  const now = account.clock.now()
  const described = describe(next.data)
  const hasChanged = before !== undefined && describe(before.data).scope !== described.scope
  const params = [next.id, next.refreshHash, next.data, next.expiresAt, next.updatedAt, id]
  await writeTokens(account, [
    {
      sql: `INSERT OR IGNORE INTO oauth (kind, id, session, created_at, updated_at, member)
            SELECT 'spent', refresh_hash, session, ?, ?, member FROM oauth
            WHERE kind = 'token' AND id = ? AND refresh_hash IS NOT NULL AND ${isOfCurrentMember}`,
      params: [next.updatedAt, next.updatedAt, id, now],
    },
    {
      sql: `UPDATE oauth SET id = ?, refresh_hash = ?, data = ?, expires_at = ?, updated_at = ?
            WHERE kind = 'token' AND id = ? AND refresh_hash IS NOT NULL AND ${isOfCurrentMember}`,
      params: [...params, now],
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
    ...deleteExpired(account, member, (before?.spent ?? 0) >= maxSpent(member)),
  ])
  const rotated = await sql.first(`${select} AND id = ?`, next.id)
  if (rotated === undefined) throw invalidRequest('Refresh token replayed', 'InvalidGrant')
}

/** `clientId` is for the audit log, if a member does it (acting.ts). */
export async function removeGrant(
  account: Account,
  { id }: { id: string; clientId?: string },
): Promise<void> {
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

function endLeastUsed(
  account: Pick<Account, 'clock'>,
  newest: string,
  member: string | undefined,
): Statement[] {
  const isLeastUsed = `member IS ? AND id NOT IN
    (SELECT id FROM oauth WHERE kind = 'token' AND member IS ?
     ORDER BY id = ? DESC, updated_at DESC, id LIMIT ?)`
  const [by, max] = member === undefined ? [null, MAX_GRANTS] : [member, MAX_MEMBER_GRANTS]
  return revokeGrants(account, isLeastUsed, [by, by, newest, max])
}

function maxSpent(member: string | undefined): number {
  return member === undefined ? MAX_SPENT : MAX_MEMBER_SPENT
}

/**
 * Run it after other deletions: it also deletes the used refresh tokens of grants that are gone. With
 * `mayHaveTooMany` it ends the grant with the most of them, of this member or of the account itself, if there are too
 * many.
 */
function deleteExpired(
  account: Pick<Account, 'clock'>,
  member: string | undefined,
  mayHaveTooMany = true,
): Statement[] {
  const before = account.clock.now() - GRANT_IDLE_LIFETIME_MS
  const by = member ?? null
  const hasMostSpent = `(SELECT count(*) FROM oauth WHERE kind = 'spent' AND member IS ?) > ? AND session =
    (SELECT session FROM oauth WHERE kind = 'spent' AND member IS ?
     GROUP BY session ORDER BY count(*) DESC LIMIT 1)`
  return [
    { sql: `DELETE FROM oauth WHERE kind = 'token' AND updated_at <= ?`, params: [before] },
    { sql: `DELETE FROM oauth WHERE kind = 'spent' AND created_at <= ?`, params: [before] },
    ...(mayHaveTooMany ? revokeGrants(account, hasMostSpent, [by, maxSpent(member), by]) : []),
    {
      sql: `DELETE FROM oauth WHERE kind = 'spent' AND session NOT IN
              (SELECT session FROM oauth WHERE kind = 'token')`,
    },
  ]
}
