/** The sessions of one account: createSession, refreshSession, getSession, deleteSession (com.atproto.server). */
import type { Account } from '#src/account/account.ts'
import { auditRow, trimAudit } from '#src/account/audit.ts'
import { verifyFactor } from '#src/account/factors/second-step.ts'
import type { ProfileRow } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { findAppPassword, scopeOf } from '#src/account/sessions/app-passwords.ts'
import {
  endSessions,
  findFirstToken,
  revokeToken,
  rotateToken,
  type SessionAppPassword,
  storeTokenUnlessRevoked,
} from '#src/account/sessions/refresh-tokens.ts'
import { invalidRequest } from '#src/errors.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'
import {
  accessScope,
  issueTokens,
  newTokenId,
  type SessionTokens,
  takendownScope,
  tokenIdOf,
} from '#src/rules/session-tokens.ts'
import { formatAccountStatus, may, mustLogIn } from '#src/rules/states.ts'

/** Output of com.atproto.server.getSession. */
export interface SessionInfo {
  did: string
  handle: string
  email?: string
  emailConfirmed?: boolean
  emailAuthFactor?: boolean
  active: boolean
  status?: string
}

/** Output of com.atproto.server.createSession and refreshSession. */
export interface Session extends SessionInfo, SessionTokens {}

/**
 * com.atproto.server.createSession, the account's part. Throws the same 401 for a missing account and a wrong password,
 * and 401 AccountTakedown unless `allowTakendown` asks for the restricted session of an account that was taken down.
 * For the account's own password it also throws as `verifyFactor`.
 */
export async function createSession(
  account: Account,
  input: {
    password: string
    allowTakendown?: boolean
    authFactorToken?: string
    client?: ClientInfo
  },
  key?: IdempotencyKey,
): Promise<Session> {
  const { password, allowTakendown = false, authFactorToken: code, client } = input
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') throw wrongCredentials()
  const isOpen = may('logIn', row.status)
  // What looks like an app password usually is one; each check of the other kind is slow.
  const appPassword = isOpen ? await findAppPassword(account, password, client?.network) : undefined
  const { passwordHash } = row
  if (appPassword === undefined) {
    const isOwn =
      passwordHash !== null && (await verifyPassword(password, passwordHash, client?.network))
    if (!isOwn) throw wrongCredentials()
  }
  if (!isOpen && !allowTakendown) mustLogIn(row.status)
  const tokenId = key === undefined ? newTokenId() : tokenIdOf(key)
  const now = account.clock.now()
  const member = appPassword?.member
  const audited = member === undefined ? [] : await auditSignIn(account, appPassword!, client)
  const by = member === undefined ? {} : { member }
  const session = await openedSession(account, row, { tokenId, now, appPassword, ...by })
  const given = { appPassword: appPassword?.name, passwordHash, ...by }
  const kind = appPassword === undefined ? 'sign in' : 'app password sign in'
  const effect = [
    // The refresh token of an account that was taken down is not stored, so it cannot be used.
    ...(isOpen
      ? [
          ...audited,
          ...storeTokenUnlessRevoked(account, tokenId, now, given),
          ...endSessions(account, now),
          ...addSecurityEvent(account, kind, client, appPassword?.name),
        ]
      : account.idempotencyKeys.markUsed(key, session)),
  ]
  if (appPassword === undefined) await verifyFactor(account, { code, client, effect })
  else await account.sql.batch(effect)
  // The password was changed meanwhile, so nothing was stored.
  if (appPassword === undefined && (await account.profile.find())?.passwordHash !== passwordHash) {
    throw wrongCredentials()
  }
  return session
}

/** Throws 401 as for a wrong password if the member's time is over. */
async function auditSignIn(
  account: Account,
  { name, member: did = '' }: { name: string; member?: string },
  { ip, userAgent }: ClientInfo = {},
): Promise<Statement[]> {
  const membership = await account.members.find(did, account.clock.now())
  if (membership === undefined) throw wrongCredentials()
  const from = { ...(ip !== undefined && { ip }), ...(userAgent !== undefined && { userAgent }) }
  const by = { did, client: 'app password', ...from }
  const entry = { action: 'session created', target: name }
  const row = auditRow(account, by, membership.role.name, entry)
  return account.members.isTrimDue() ? [row, trimAudit()] : [row]
}

/** The session that an earlier call of createSession with this key began, if that was not revoked. */
export async function findSession(
  account: Account,
  key: IdempotencyKey,
): Promise<Session | undefined> {
  const tokenId = tokenIdOf(key)
  const found = await findFirstToken(account, tokenId)
  if (found === undefined) return undefined
  const { issuedAt: now, ...began } = found
  return openedSession(account, await existingRow(account), { tokenId, now, ...began })
}

/**
 * com.atproto.server.refreshSession for a refresh token whose signature was verified. Throws 400 ExpiredToken if it was
 * revoked or its grace period is over.
 */
export async function refreshSession(
  account: Account,
  { tokenId }: { tokenId: string },
): Promise<Session> {
  const row = await existingRow(account)
  mustLogIn(row.status)
  const next = await rotateToken(account, tokenId)
  if (next === undefined) throw invalidRequest('Token has been revoked', 'ExpiredToken')
  const { id, ...session } = next
  if (session.member !== undefined) await mustBeMember(account, session.member)
  return openedSession(account, row, { tokenId: id, now: account.clock.now(), ...session })
}

export async function deleteSession(
  account: Account,
  { tokenId }: { tokenId: string },
): Promise<void> {
  await account.sql.batch(revokeToken(account, tokenId))
}

/** com.atproto.server.getSession. Throws 400 if the account does not exist or was taken down. */
export async function getSession(account: Account): Promise<SessionInfo> {
  const row = await existingRow(account)
  if (!may('logIn', row.status)) throw unknownAccount(account)
  return withFactor(account, infoOf(account, row))
}

async function withFactor<S extends SessionInfo>(account: Account, info: S): Promise<S> {
  const kinds = await account.factorKinds.list()
  return kinds.includes('email') ? { ...info, emailAuthFactor: true } : info
}

/** Throws 400 ExpiredToken. */
async function mustBeMember({ members, clock }: Account, did: string): Promise<void> {
  if ((await members.find(did, clock.now())) !== undefined) return
  throw invalidRequest('Token has been revoked', 'ExpiredToken')
}

/** The session in which a member acts as this account, a group, with the first of its tokens. */
export async function memberSession(
  account: Account,
  { tokenId, member }: { tokenId: string; member: string },
): Promise<Session> {
  const row = await existingRow(account)
  const now = account.clock.now()
  return openedSession(account, row, { tokenId, now, appPassword: undefined, member })
}

async function openedSession(
  account: Account,
  row: ProfileRow,
  token: {
    tokenId: string
    sessionId?: string
    now: number
    appPassword: SessionAppPassword | undefined
    member?: string
  },
): Promise<Session> {
  const { did, service } = account
  const { tokenId, sessionId, now, appPassword, member } = token
  const given = appPassword === undefined ? accessScope : scopeOf(appPassword)
  const scope = may('logIn', row.status) ? given : takendownScope
  const terms = { secret: service.jwtSecret, audience: service.did, now }
  const tokens = await issueTokens(
    { did, tokenId, scope, sessionId, appPasswordName: appPassword?.name, member },
    terms,
  )
  const info = infoOf(account, row)
  if (member === undefined) return withFactor(account, { ...tokens, ...info })
  // A role may read it or not, which getSession knows.
  const { email: _, emailConfirmed: __, ...shown } = info
  return { ...tokens, ...shown }
}

function infoOf({ did }: Account, row: ProfileRow): SessionInfo {
  return {
    did,
    handle: row.handle ?? 'handle.invalid',
    ...(row.email === null ? {} : { email: row.email }),
    emailConfirmed: row.emailConfirmedAt !== null,
    ...formatAccountStatus(row.status),
  }
}

async function existingRow(account: Account): Promise<ProfileRow> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') {
    throw unknownAccount(account)
  }
  return row
}

function unknownAccount({ did }: Account) {
  return invalidRequest(`Could not find user info for account: ${did}`)
}
