/**
 * Devices on which the account is signed in, and clients that it has authorized: its part of the OAuth provider's
 * stores.
 */
import type { Account } from '#src/account/account.ts'
import { haveSessionsEndedSince, notEndedSince } from '#src/account/end-sessions.ts'
import { type AccountSummary, describeAccount } from '#src/account/oauth/account-summary.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** `updatedAt` is the last sign-in with the password on the device. */
export interface DeviceLink {
  deviceId: string
  createdAt: number
  updatedAt: number
}

/** Client id → what the account has authorized, as JSON. */
export type AuthorizedClients = Record<string, string>

const links = `SELECT id AS deviceId, created_at AS createdAt, updated_at AS updatedAt
  FROM oauth WHERE kind = 'device'`

/** More than one person uses: above it, the browsers that signed in first are signed out. */
const MAX_DEVICES = 100
/** Above it, the apps that were least recently authorized are forgotten: they ask for consent again. */
const MAX_CLIENTS = 500

/** Throws 400 if the account's sessions were ended since the sign-in began, at `since`. */
export async function signInOnDevice(
  account: Account,
  { deviceId, since }: { deviceId: string; since?: number },
): Promise<void> {
  const { sql, clock } = account
  await sql.batch([
    upsert('device', deviceId, null, clock.now(), since),
    deleteLeastUsed('device', MAX_DEVICES),
  ])
  if (await haveSessionsEndedSince(account, since)) {
    throw invalidRequest('The sessions of the account were ended meanwhile: sign in again')
  }
}

export async function signOutOfDevice(
  { sql }: Account,
  { deviceId }: { deviceId: string },
): Promise<void> {
  await sql.batch([
    { sql: `DELETE FROM oauth WHERE kind = 'device' AND id = ?`, params: [deviceId] },
  ])
}

export async function findOnDevice(
  account: Account,
  { deviceId }: { deviceId: string },
): Promise<{ link: DeviceLink; account: AccountSummary; clients: AuthorizedClients } | null> {
  const link = await account.sql.first<DeviceLink>(`${links} AND id = ?`, deviceId)
  const known = link && (await describeWithClients(account))
  return known ? { link, ...known } : null
}

export async function listDevices({ sql }: Account): Promise<DeviceLink[]> {
  return sql.all<DeviceLink>(`${links} ORDER BY updated_at DESC, id`)
}

/** Null also for a sign-in from before the account's sessions were ended, if `signedInAt` is given. */
export async function describeWithClients(
  account: Account,
  { signedInAt }: { signedInAt?: number } = {},
): Promise<{ account: AccountSummary; clients: AuthorizedClients } | null> {
  if (await haveSessionsEndedSince(account, signedInAt)) return null
  const summary = await describeAccount(account)
  if (summary === null) return null
  const rows = await account.sql.all<{ id: string; data: string }>(
    `SELECT id, data FROM oauth WHERE kind = 'client'`,
  )
  const clients = Object.fromEntries(rows.map(({ id, data }) => [id, data]))
  return { account: summary, clients }
}

export async function setAuthorizedClient(
  { sql, clock }: Account,
  { clientId, data }: { clientId: string; data: string },
): Promise<void> {
  await sql.batch([
    upsert('client', clientId, data, clock.now()),
    deleteLeastUsed('client', MAX_CLIENTS),
  ])
}

export function deleteAuthorizedClients(): Statement {
  return { sql: `DELETE FROM oauth WHERE kind = 'client'` }
}

function deleteLeastUsed(kind: string, max: number): Statement {
  return {
    sql: `DELETE FROM oauth WHERE kind = ?1 AND id NOT IN
            (SELECT id FROM oauth WHERE kind = ?1 ORDER BY updated_at DESC, id LIMIT ?2)`,
    params: [kind, max],
  }
}

function upsert(
  kind: string,
  id: string,
  data: string | null,
  now: number,
  since: number | undefined = undefined,
): Statement {
  return {
    sql: `INSERT INTO oauth (kind, id, data, created_at, updated_at)
          SELECT ?1, ?2, ?3, ?4, ?4 WHERE ${notEndedSince}
          ON CONFLICT (kind, id) DO UPDATE SET data = ?3, updated_at = ?4`,
    params: [kind, id, data, now, since ?? null],
  }
}
