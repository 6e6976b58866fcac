/** The sessions of one account: logging in, refreshing, asking, logging out (com.atproto.server). */
import type { Account } from '#src/account/account.ts'
import type { ProfileRow } from '#src/account/profile.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import { revokeToken, rotateToken, storeToken } from '#src/sessions/refresh-tokens.ts'
import {
  accessScope,
  issueTokens,
  newTokenId,
  type SessionTokens,
  takendownScope,
} from '#src/sessions/tokens.ts'

/** Output of com.atproto.server.getSession. */
export interface SessionInfo {
  did: string
  handle: string
  email?: string
  emailConfirmed: boolean
  active: boolean
  /** Why the account is not active. */
  status?: string
}

/** Output of com.atproto.server.createSession and refreshSession. */
export interface Session extends SessionInfo, SessionTokens {}

/**
 * com.atproto.server.createSession, the account's half. Throws 401, the same for no account and a wrong password,
 * and AccountTakedown unless `allowTakendown` asks for the narrow session of a taken-down account.
 */
export async function createSession(
  account: Account,
  { password, allowTakendown = false }: { password: string; allowTakendown?: boolean },
): Promise<Session> {
  const row = await account.profile.find()
  const matches = row?.passwordHash != null && (await verifyPassword(password, row.passwordHash))
  if (!matches || row.status === 'deleted') throw wrongCredentials()
  const takendown = row.status === 'takendown'
  if (takendown && !allowTakendown) throw accountTakedown()
  const tokenId = newTokenId()
  // The refresh token of a taken-down account is not stored, so that it cannot be used.
  if (!takendown) await account.sql.batch([storeToken(tokenId, account.clock.now())])
  return sessionOf(account, row, tokenId)
}

/**
 * com.atproto.server.refreshSession for a refresh token whose signature was verified. Throws 400 ExpiredToken
 * where it was revoked or its grace is over.
 */
export async function refreshSession(
  account: Account,
  { tokenId }: { tokenId: string },
): Promise<Session> {
  const row = await known(account)
  if (row.status === 'takendown') throw accountTakedown()
  const nextId = await rotateToken(account, tokenId)
  if (nextId === undefined) throw invalidRequest('Token has been revoked', 'ExpiredToken')
  return sessionOf(account, row, nextId)
}

/** com.atproto.server.deleteSession; silent where there is nothing to delete. */
export async function deleteSession(
  account: Account,
  { tokenId }: { tokenId: string },
): Promise<void> {
  await account.sql.batch([revokeToken(tokenId)])
}

/** com.atproto.server.getSession. */
export async function getSession(account: Account): Promise<SessionInfo> {
  const row = await known(account)
  if (row.status === 'takendown') throw accountTakedown()
  return infoOf(account, row)
}

/** The session of an account whose refresh token `tokenId` is stored, or about to be. */
export function sessionOf(account: Account, row: ProfileRow, tokenId: string): Session {
  const { did, service, clock } = account
  const scope = row.status === 'takendown' ? takendownScope : accessScope
  const terms = { secret: service.jwtSecret, audience: service.did, now: clock.now() }
  return { ...issueTokens({ did, tokenId, scope }, terms), ...infoOf(account, row) }
}

function infoOf({ did }: Account, row: ProfileRow): SessionInfo {
  const active = row.status === 'active'
  return {
    did,
    handle: row.handle ?? 'handle.invalid',
    ...(row.email === null ? {} : { email: row.email }),
    emailConfirmed: row.emailConfirmedAt !== null,
    active,
    ...(active ? {} : { status: row.status }),
  }
}

async function known(account: Account): Promise<ProfileRow> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') {
    throw invalidRequest(`Could not find user info for account: ${account.did}`)
  }
  return row
}

/** What every failed login is told, whatever was wrong. */
export function wrongCredentials() {
  return authRequired('Invalid identifier or password')
}

function accountTakedown() {
  return authRequired('Account has been taken down', 'AccountTakedown')
}
