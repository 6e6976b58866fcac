/**
 * App passwords (com.atproto.server): one for each app that does not get the account's own password. Those by which
 * members act as the account, a group, are in the same table, but for the account's own methods they are not there
 * (src/account/group/app-passwords.ts).
 */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvent, MAX_NAME_LENGTH } from '#src/account/private-events.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { unlessEndedByClaim } from '#src/account/sessions/claim-turns.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { looksLikeAppPassword } from '#src/rules/passwords.ts'
import { appPasswordIdOf, appPasswordScope, privilegedScope } from '#src/rules/session-tokens.ts'

export interface AppPassword {
  name: string
  createdAt: string
  privileged: boolean
}

const kind = 'app password'
const MAX_APP_PASSWORDS = 500

export interface AppPasswordRow {
  name: string
  secret: string
  privileged: number
  createdAt: number
  /** The DID of the member that it is of; null for the account's own. */
  member: string | null
}

/**
 * The caller makes the password, so that the call may be retried. Throws 400 if the name is taken or there
 * are too many, ExpiredToken if a claim has ended the `session`, and as `usableRow`.
 */
export async function createAppPassword(
  account: Account,
  input: NewAppPassword & { session?: string },
): Promise<AppPassword & { password: string }> {
  await usableRow(account)
  const secret = await hashAppPassword(account.did, input.password)
  return unlessEndedByClaim(account, input.session, () => storeNew(account, input, secret))
}

interface NewAppPassword {
  name: string
  password: string
  privileged: boolean
  client?: ClientInfo
}

function storeNew(
  account: Account,
  { name, password, privileged, client }: NewAppPassword,
  secret: string,
): Promise<AppPassword & { password: string }> {
  // One after another, so that only the one that is stored gets an event.
  return account.factorMutex.run(async () => {
    const { passwords } = await listAppPasswords(account)
    const existing = await findRow(account, name)
    if (existing !== undefined && existing.secret !== secret) {
      throw invalidRequest(`An app password with this name already exists: ${name}`)
    }
    if (existing !== undefined) return { ...toAppPassword(existing), password }
    if (passwords.length >= MAX_APP_PASSWORDS) throw invalidRequest('Too many app passwords')
    const createdAt = account.clock.now()
    const row = { name, secret, privileged: privileged ? 1 : 0, createdAt, member: null }
    await account.sql.batch([
      storeAppPassword(row),
      ...eventsOf(account, 'created', toAppPassword(row), client),
    ])
    return { ...toAppPassword(row), password }
  })
}

export async function listAppPasswords(account: Account): Promise<{ passwords: AppPassword[] }> {
  const rows = await account.sql.all<AppPasswordRow>(`${selectOwn} ORDER BY created_at DESC, name`)
  return { passwords: rows.map(toAppPassword) }
}

export async function revokeAppPassword(
  account: Account,
  { name, client }: { name: string; client?: ClientInfo },
): Promise<void> {
  const existing = await findRow(account, name)
  if (existing === undefined || existing.member !== null) return
  await account.sql.batch([
    ...deleteAppPassword(name),
    ...eventsOf(account, 'revoked', toAppPassword(existing), client),
  ])
}

/** Also those of members. Call it in `factorMutex`, so that none of the account's own is created meanwhile. */
export async function deleteAllAppPasswords(account: Account): Promise<Statement[]> {
  const rows = await account.sql.all<AppPasswordRow>(select)
  return [
    ...rows.map((row) => privateEventOf(account, 'revoked', toAppPassword(row))),
    { sql: 'DELETE FROM credential WHERE kind = ?', params: [kind] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name IS NOT NULL' },
  ]
}

export async function findAppPassword(
  account: Account,
  password: string,
  network?: string,
): Promise<(AppPassword & { member?: string }) | undefined> {
  if (!looksLikeAppPassword(password)) return undefined
  const secret = await hashAppPassword(account.did, password, network)
  const row = await account.sql.first<AppPasswordRow>(`${select} AND secret = ?`, secret)
  return row && { ...toAppPassword(row), ...(row.member !== null && { member: row.member }) }
}

function findRow({ sql }: Account, name: string): Promise<AppPasswordRow | undefined> {
  return sql.first<AppPasswordRow>(`${select} AND name = ?`, name)
}

export function storeAppPassword(row: AppPasswordRow): Statement {
  const { name, secret, privileged, createdAt, member } = row
  return {
    sql: `INSERT INTO credential (kind, name, secret, privileged, created_at, member)
          VALUES (?, ?, ?, ?, ?, ?)`,
    params: [kind, name, secret, privileged, createdAt, member],
  }
}

/** With its sessions, which the event of `privateEventOf` ends where they are open. */
export function deleteAppPassword(name: string): Statement[] {
  return [
    { sql: 'DELETE FROM credential WHERE kind = ? AND name = ?', params: [kind, name] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name = ?', params: [name] },
  ]
}

export function scopeOf({ privileged }: Pick<AppPassword, 'privileged'>): string {
  return privileged ? privilegedScope : appPasswordScope
}

function eventsOf(
  account: Account,
  change: 'created' | 'revoked',
  appPassword: AppPassword,
  client: ClientInfo | undefined,
): Statement[] {
  return [
    privateEventOf(account, change, appPassword),
    ...addSecurityEvent(account, `app password ${change}`, client, appPassword.name),
  ]
}

export function privateEventOf(
  account: Account,
  change: 'created' | 'revoked',
  { name, privileged }: Pick<AppPassword, 'name' | 'privileged'>,
): Statement {
  const fields = { change, name: name.slice(0, MAX_NAME_LENGTH), privileged }
  return addPrivateEvent(account, '#appPassword', fields, appPasswordIdOf(name))
}

const select = `SELECT name, secret, privileged, created_at AS createdAt, member FROM credential
  WHERE kind = '${kind}'`
const selectOwn = `${select} AND member IS NULL`

function toAppPassword({ name, privileged, createdAt }: AppPasswordRow): AppPassword {
  return { name, createdAt: isoTime(createdAt), privileged: privileged !== 0 }
}
