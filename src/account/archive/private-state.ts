/**
 * The private part of an archive: what a restore needs besides the repo, its blobs and the preferences. Sessions are no part
 * of it, nor invitations to a group: those that were ended or revoked since must not become valid again.
 */
import type { Account } from '#src/account/account.ts'
import { totpContext } from '#src/account/factors/totp.ts'
import type { ProfileRow } from '#src/account/profile.ts'

export const PRIVATE_VERSION = 1

/** Rows as JSON arrays of their columns. */
interface ArchivedTable {
  columns: readonly string[]
  where: string
}

export const archivedTables = {
  credential: {
    columns: ['kind', 'name', 'secret', 'privileged', 'created_at', 'member'],
    where: `kind = 'app password'`,
  },
  factor: {
    columns: ['kind', 'id', 'secret', 'counter', 'name', 'created_at', 'last_used_at'],
    where: `kind IN ('passkey', 'totp', 'email', 'recovery code')`,
  },
  oauth: {
    columns: ['kind', 'id', 'data', 'created_at', 'updated_at', 'member'],
    where: `kind = 'client'`,
  },
  member: {
    columns: ['did', 'role', 'kind', 'added_by', 'added_at', 'expires_at', 'note'],
    where: 'TRUE',
  },
  role: { columns: ['name', 'scope', 'manage', 'revision'], where: 'TRUE' },
  takedown: { columns: ['path', 'ref'], where: 'TRUE' },
} as const satisfies Record<string, ArchivedTable>

export type ArchivedTableName = keyof typeof archivedTables
type Cell = string | number | null
export type ArchivedRow = readonly Cell[]

export interface PrivateState {
  version: typeof PRIVATE_VERSION
  profile: Omit<
    ProfileRow,
    'signingKey' | 'signingKeyDid' | 'pendingEmail' | 'pendingKeyDid' | 'status'
  >
  /** Private key, in hexadecimal. */
  signingKey: string
  signingKeyDid: string
  tables: Record<ArchivedTableName, readonly ArchivedRow[]>
}

/** Call it in a job of the write lane that reads the database. */
export async function readPrivateState(account: Account, row: ProfileRow): Promise<PrivateState> {
  const { did, keys } = account
  const key = keys.open(Uint8Array.from(row.signingKey), did)
  const names = Object.keys(archivedTables) as ArchivedTableName[]
  const tables: [string, readonly ArchivedRow[]][] = []
  for (const name of names) tables.push([name, await readTable(account, name)])
  const { handle, email, emailConfirmedAt, passwordHash, createdAt } = row
  const { deactivatedAt, deleteAfter, takedownRef, suspendedAt } = row
  return {
    version: PRIVATE_VERSION,
    profile: {
      ...{ handle, email, emailConfirmedAt, passwordHash, createdAt },
      ...{ deactivatedAt, deleteAfter, takedownRef, suspendedAt },
    },
    signingKey: Buffer.from(key).toString('hex'),
    signingKeyDid: row.signingKeyDid,
    tables: Object.fromEntries(tables) as PrivateState['tables'],
  }
}

async function readTable(account: Account, name: ArchivedTableName): Promise<ArchivedRow[]> {
  const { columns, where } = archivedTables[name]
  const cells = columns.map((column) =>
    name === 'factor' && column === 'secret' ? 'iif(secret IS NULL, NULL, hex(secret))' : column,
  )
  const found = await account.sql.first<{ rows: string }>(
    `SELECT json_group_array(json_array(${cells.join(', ')})) AS rows FROM ${name} WHERE ${where}`,
  )
  const rows = JSON.parse(found?.rows ?? '[]') as ArchivedRow[]
  return name === 'factor' ? rows.map((row) => unsealed(account, row)) : rows
}

/** A row of `factor` whose secret, if the keychain has sealed it, is as it was before. */
function unsealed(account: Account, [kind, id, secret, ...rest]: ArchivedRow): ArchivedRow {
  if (kind !== 'totp' || typeof secret !== 'string') return [kind!, id!, secret!, ...rest]
  const opened = account.keys.open(Buffer.from(secret, 'hex'), totpContext(account))
  return [kind, id!, Buffer.from(opened).toString('hex'), ...rest]
}
