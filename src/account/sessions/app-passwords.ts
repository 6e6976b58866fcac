/** App passwords (com.atproto.server): one for each app that does not get the account's own password. */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvent, MAX_NAME_LENGTH } from '#src/account/private-events.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import { looksLikeAppPassword } from '#src/rules/passwords.ts'
import { appPasswordIdOf, appPasswordScope, privilegedScope } from '#src/rules/session-tokens.ts'

export interface AppPassword {
  name: string
  createdAt: string
  privileged: boolean
}

const kind = 'app password'
const MAX_APP_PASSWORDS = 500

interface Row {
  name: string
  secret: string
  privileged: number
  createdAt: number
}

/**
 * The caller makes the password, so that the call may be retried. Throws 400 if the name is taken or there
 * are too many, and as `usableRow`.
 */
export async function createAppPassword(
  account: Account,
  input: { name: string; password: string; privileged: boolean; client?: ClientInfo },
): Promise<AppPassword & { password: string }> {
  const { name, password, privileged, client } = input
  await usableRow(account)
  const secret = await hashAppPassword(account.did, password)
  // One after another, so that only the one that is stored gets an event.
  return account.factorMutex.run(async () => {
    const { passwords } = await listAppPasswords(account)
    const existing = await account.sql.first<Row>(`${select} AND name = ?`, kind, name)
    if (existing !== undefined && existing.secret !== secret) {
      throw invalidRequest(`An app password with this name already exists: ${name}`)
    }
    if (existing !== undefined) return { ...toAppPassword(existing), password }
    if (passwords.length >= MAX_APP_PASSWORDS) throw invalidRequest('Too many app passwords')
    const row = { name, secret, privileged: privileged ? 1 : 0, createdAt: account.clock.now() }
    await account.sql.batch([
      {
        sql: `INSERT INTO credential (kind, name, secret, privileged, created_at)
              VALUES (?, ?, ?, ?, ?)`,
        params: [kind, name, secret, row.privileged, row.createdAt],
      },
      ...eventsOf(account, 'created', toAppPassword(row), client),
    ])
    return { ...toAppPassword(row), password }
  })
}

export async function listAppPasswords(account: Account): Promise<{ passwords: AppPassword[] }> {
  const rows = await account.sql.all<Row>(`${select} ORDER BY created_at DESC, name`, kind)
  return { passwords: rows.map(toAppPassword) }
}

export async function revokeAppPassword(
  account: Account,
  { name, client }: { name: string; client?: ClientInfo },
): Promise<void> {
  const existing = await account.sql.first<Row>(`${select} AND name = ?`, kind, name)
  await account.sql.batch([
    { sql: 'DELETE FROM credential WHERE kind = ? AND name = ?', params: [kind, name] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name = ?', params: [name] },
    ...(existing === undefined
      ? []
      : eventsOf(account, 'revoked', toAppPassword(existing), client)),
  ])
}

/** Call it in `factorMutex`, so that none is created meanwhile. */
export async function deleteAllAppPasswords(account: Account): Promise<Statement[]> {
  const { passwords } = await listAppPasswords(account)
  return [
    ...passwords.map((password) => privateEventOf(account, 'revoked', password)),
    { sql: 'DELETE FROM credential WHERE kind = ?', params: [kind] },
    { sql: 'DELETE FROM refresh_token WHERE app_password_name IS NOT NULL' },
  ]
}

export async function findAppPassword(
  account: Account,
  password: string,
  network?: string,
): Promise<AppPassword | undefined> {
  if (!looksLikeAppPassword(password)) return undefined
  const secret = await hashAppPassword(account.did, password, network)
  const row = await account.sql.first<Row>(`${select} AND secret = ?`, kind, secret)
  return row && toAppPassword(row)
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

function privateEventOf(
  account: Account,
  change: 'created' | 'revoked',
  { name, privileged }: AppPassword,
): Statement {
  const fields = { change, name: name.slice(0, MAX_NAME_LENGTH), privileged }
  return addPrivateEvent(account, '#appPassword', fields, appPasswordIdOf(name))
}

const select =
  'SELECT name, secret, privileged, created_at AS createdAt FROM credential WHERE kind = ?'

function toAppPassword({ name, privileged, createdAt }: Row): AppPassword {
  return { name, createdAt: new Date(createdAt).toISOString(), privileged: privileged !== 0 }
}
