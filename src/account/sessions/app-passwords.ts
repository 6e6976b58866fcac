/** App passwords: one for each app that is not trusted with everything (com.atproto.server). */
import type { Account } from '#src/account/account.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import { looksLikeAppPassword } from '#src/rules/passwords.ts'
import { appPasswordScope, privilegedScope } from '#src/rules/session-tokens.ts'

export interface AppPassword {
  name: string
  /** ISO text. */
  createdAt: string
  /** Whether its sessions may also do what is private, such as reading messages. */
  privileged: boolean
}

const kind = 'app password'

interface Row {
  name: string
  secret: string
  privileged: number
  createdAt: number
}

/**
 * com.atproto.server.createAppPassword. The password comes from the caller, so that a call may be repeated. Throws 400
 * where another one has the name, and as `openRow`.
 */
export async function createAppPassword(
  account: Account,
  input: { name: string; password: string; privileged: boolean; where?: ClientInfo },
): Promise<AppPassword & { password: string }> {
  const { name, password, privileged, where } = input
  await usableRow(account)
  const secret = await hashAppPassword(account.did, password)
  const find = () => account.sql.first<Row>(`${select} AND name = ?`, kind, name)
  if ((await find()) === undefined) {
    await account.sql.batch([
      {
        sql: `INSERT OR IGNORE INTO credential (kind, name, secret, privileged, created_at)
              VALUES (?, ?, ?, ?, ?)`,
        params: [kind, name, secret, privileged ? 1 : 0, account.clock.now()],
      },
      ...noteSecurityEvent(account, 'app password created', where, name),
    ])
  }
  const row = await find()
  if (row?.secret !== secret) {
    throw invalidRequest(`There is an app password with this name already: ${name}`)
  }
  return { ...told(row), password }
}

/** com.atproto.server.listAppPasswords: the newest first. */
export async function listAppPasswords(account: Account): Promise<{ passwords: AppPassword[] }> {
  const rows = await account.sql.all<Row>(`${select} ORDER BY created_at DESC, name`, kind)
  return { passwords: rows.map(told) }
}

/** com.atproto.server.revokeAppPassword: the password and its sessions; silent where there is none. */
export async function revokeAppPassword(
  account: Account,
  { name, where }: { name: string; where?: ClientInfo },
): Promise<void> {
  const known = await account.sql.first<Row>(`${select} AND name = ?`, kind, name)
  await account.sql.batch([
    { sql: 'DELETE FROM credential WHERE kind = ? AND name = ?', params: [kind, name] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name = ?', params: [name] },
    ...(known === undefined ? [] : noteSecurityEvent(account, 'app password revoked', where, name)),
  ])
}

/** Ends all app passwords and their sessions. */
export function deleteAllAppPasswords(): Statement[] {
  return [
    { sql: 'DELETE FROM credential WHERE kind = ?', params: [kind] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name IS NOT NULL' },
  ]
}

/** The app password that this is; undefined where it is none of the account's. */
export async function findAppPassword(
  account: Account,
  password: string,
): Promise<AppPassword | undefined> {
  if (!looksLikeAppPassword(password)) return undefined
  const secret = await hashAppPassword(account.did, password)
  const row = await account.sql.first<Row>(`${select} AND secret = ?`, kind, secret)
  return row && told(row)
}

/** The scope of the access tokens in its sessions. */
export function scopeOf({ privileged }: Pick<AppPassword, 'privileged'>): string {
  return privileged ? privilegedScope : appPasswordScope
}

const select =
  'SELECT name, secret, privileged, created_at AS createdAt FROM credential WHERE kind = ?'

function told({ name, privileged, createdAt }: Row): AppPassword {
  return { name, createdAt: new Date(createdAt).toISOString(), privileged: privileged !== 0 }
}
