/**
 * Devices on which the account is signed in, and clients that it has authorized: its part of the OAuth provider's
 * stores.
 */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { haveSessionsEndedSince, notEndedSince } from '#src/account/end-sessions.ts'
import { type AccountSummary, describeAccount } from '#src/account/oauth/account-summary.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Role } from '#src/rules/group-roles.ts'

/**
 * `updatedAt` is the last sign-in with the password on the device. With a `member`, which acts as the account there, it is
 * when the member was last chosen, and `createdAt` when it replaced another one or signed in at its own server.
 */
export interface DeviceLink {
  deviceId: string
  createdAt: number
  updatedAt: number
  member?: string
}

/** Client id → what the account has authorized, as JSON. */
export type AuthorizedClients = Record<string, string>

const links = `SELECT id AS deviceId, created_at AS createdAt, updated_at AS updatedAt, member
  FROM oauth WHERE kind = 'device'`

interface Described {
  account: AccountSummary
  clients: AuthorizedClients
  /** Of the `member`. */
  role?: Role
}

type LinkRow = Omit<DeviceLink, 'member'> & { member: string | null }

function linkOf({ member, ...link }: LinkRow): DeviceLink {
  return { ...link, ...(member !== null && { member }) }
}

/** Above it, the browsers that signed in first are signed out. No person uses as many. */
const MAX_DEVICES = 100
/** Above it, the apps that were least recently authorized are forgotten: they ask for consent again. */
const MAX_CLIENTS = 500
/** A member of a group may have a tenth of both bounds, which the account itself has in full. */
const MEMBER_SHARE = 10

/**
 * With a `member`, it acts as the account on this device, in place of another one; with `isSignIn` it has just signed in at
 * its own server. Throws 400 if the account's sessions were ended since the sign-in began, at `since`; 403 NotAMember.
 */
export async function signInOnDevice(
  account: Account,
  {
    deviceId,
    since,
    member,
    isSignIn = false,
  }: { deviceId: string; since?: number; member?: string; isSignIn?: boolean },
): Promise<void> {
  await mustBeMember(account, member)
  const { sql, clock } = account
  await sql.batch([
    ...(isSignIn ? [deleteLink(deviceId)] : []),
    upsert('device', deviceId, { now: clock.now(), since, member }),
    deleteLeastUsed('device', MAX_DEVICES, member),
  ])
  if (await haveSessionsEndedSince(account, since)) {
    throw invalidRequest('The sessions of the account were ended meanwhile: sign in again')
  }
}

export async function signOutOfDevice(
  { sql }: Account,
  { deviceId }: { deviceId: string },
): Promise<void> {
  await sql.batch([deleteLink(deviceId)])
}

function deleteLink(deviceId: string): Statement {
  return { sql: `DELETE FROM oauth WHERE kind = 'device' AND id = ?`, params: [deviceId] }
}

export async function findOnDevice(
  account: Account,
  { deviceId }: { deviceId: string },
): Promise<({ link: DeviceLink } & Described) | null> {
  const row = await account.sql.first<LinkRow>(`${links} AND id = ?`, deviceId)
  if (row === undefined) return null
  const link = linkOf(row)
  const known = await describeWithClients(
    account,
    link.member === undefined ? {} : { member: link.member },
  )
  return known && { link, ...known }
}

/** Of a `member` only those on which it acts as the account. */
export async function listDevices(
  { sql }: Account,
  { member }: { member?: string } = {},
): Promise<DeviceLink[]> {
  const rows = await sql.all<LinkRow>(
    `${links} AND (?1 IS NULL OR member = ?1) ORDER BY updated_at DESC, id`,
    member ?? null,
  )
  return rows.map(linkOf)
}

/**
 * Null for a sign-in, at `signedInAt`, from before the account's sessions were ended, and if `member` is not a member. With
 * a `member`, the clients are those that it has authorized, and its role is included.
 */
export async function describeWithClients(
  account: Account,
  { signedInAt, member }: { signedInAt?: number; member?: string } = {},
): Promise<Described | null> {
  if (await haveSessionsEndedSince(account, signedInAt)) return null
  const membership =
    member === undefined ? undefined : await account.members.find(member, account.clock.now())
  if (member !== undefined && membership === undefined) return null
  const summary = await describeAccount(account)
  if (summary === null) return null
  const rows = await account.sql.all<{ id: string; data: string }>(
    `SELECT id, data FROM oauth WHERE kind = 'client' AND member IS ?`,
    member ?? null,
  )
  const skipped = clientRow('', member).length
  const clients = Object.fromEntries(rows.map(({ id, data }) => [id.slice(skipped), data]))
  return { account: summary, clients, ...(membership && { role: membership.role }) }
}

/** Throws 403 NotAMember. */
export async function setAuthorizedClient(
  account: Account,
  { clientId, data, member }: { clientId: string; data: string; member?: string },
): Promise<void> {
  await mustBeMember(account, member)
  const { sql, clock } = account
  await sql.batch([
    upsert('client', clientRow(clientId, member), { data, now: clock.now(), member }),
    deleteLeastUsed('client', MAX_CLIENTS, member),
  ])
}

/** Each member has its own row for an app, so that its consent does not count for another member. */
function clientRow(clientId: string, member: string | undefined): string {
  return member === undefined ? clientId : `${member} ${clientId}`
}

async function mustBeMember({ members, clock }: Account, member: string | undefined) {
  if (member === undefined) return
  if ((await members.find(member, clock.now())) === undefined) throw notAMember()
}

export function deleteAuthorizedClients(): Statement {
  return { sql: `DELETE FROM oauth WHERE kind = 'client'` }
}

function deleteLeastUsed(kind: string, max: number, member: string | undefined): Statement {
  return {
    sql: `DELETE FROM oauth WHERE kind = ?1 AND member IS ?2 AND id NOT IN
            (SELECT id FROM oauth WHERE kind = ?1 AND member IS ?2
             ORDER BY updated_at DESC, id LIMIT ?3)`,
    params: [kind, member ?? null, member === undefined ? max : max / MEMBER_SHARE],
  }
}

interface Linked {
  data?: string
  now: number
  since?: number | undefined
  member: string | undefined
}

/** Nothing is stored of a member that was removed meanwhile. */
function upsert(kind: string, id: string, { data, now, since, member }: Linked): Statement {
  return {
    sql: `INSERT INTO oauth (kind, id, data, created_at, updated_at, member)
          SELECT ?1, ?2, ?3, ?4, ?4, ?5 WHERE ${notEndedSince}
            AND (?5 IS NULL OR EXISTS (SELECT 1 FROM member WHERE did = ?5))
          ON CONFLICT (kind, id) DO UPDATE SET data = ?3, updated_at = ?4, member = ?5,
            created_at = iif(member IS ?5, created_at, ?4)`,
    params: [kind, id, data ?? null, now, member ?? null, since ?? null],
  }
}
