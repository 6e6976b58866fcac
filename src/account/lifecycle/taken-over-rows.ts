/** The statements that store the sessions, app passwords and OAuth grants of an account that was taken over. */
import type { TakenOver } from '#src/account/lifecycle/taken-over.ts'
import type { Statement } from '#src/ports/sql.ts'

/** App passwords and refresh tokens, replacing the existing ones. */
export function credentialRows({ appPasswords, refreshTokens }: TakenOver): Statement[] {
  return [
    { sql: 'DELETE FROM credential' },
    {
      sql: `INSERT INTO credential (kind, name, secret, privileged, created_at)
            SELECT 'app password', value ->> 'name', value ->> 'hash', value ->> 'privileged',
              value ->> 'createdAt' FROM json_each(?)`,
      params: [JSON.stringify(appPasswords)],
    },
    { sql: 'DELETE FROM refresh_token' },
    {
      sql: `INSERT INTO refresh_token (id, expires_at, next_id, app_password_name)
            SELECT value ->> 'id', value ->> 'expiresAt', value ->> 'nextId',
              value ->> 'appPasswordName' FROM json_each(?)`,
      params: [JSON.stringify(refreshTokens)],
    },
  ]
}

/** OAuth grants, the browsers that remember the account, and the apps that it has authorized. */
export function grantRows({ grants, devices, clients }: TakenOver): Statement[] {
  return [
    { sql: 'DELETE FROM oauth' },
    {
      sql: `INSERT INTO oauth (kind, id, session, refresh_hash, code_hash, data, expires_at,
              created_at, updated_at)
            SELECT 'token', value ->> 'id', value ->> 'id', value ->> 'refreshHash',
              value ->> 'codeHash', value ->> 'data', value ->> 'expiresAt',
              value ->> 'createdAt', value ->> 'updatedAt' FROM json_each(?)`,
      params: [JSON.stringify(grants)],
    },
    {
      sql: `INSERT OR IGNORE INTO oauth (kind, id, session, created_at, updated_at)
            SELECT 'spent', used.value, each.value ->> 'id', each.value ->> 'updatedAt',
              each.value ->> 'updatedAt'
            FROM json_each(?) AS each, json_each(each.value, '$.spent') AS used`,
      params: [JSON.stringify(grants)],
    },
    {
      sql: `INSERT INTO oauth (kind, id, created_at, updated_at)
            SELECT 'device', value ->> 'id', value ->> 'createdAt', value ->> 'updatedAt'
            FROM json_each(?)`,
      params: [JSON.stringify(devices)],
    },
    {
      sql: `INSERT INTO oauth (kind, id, data, created_at, updated_at)
            SELECT 'client', value ->> 'id', value ->> 'data', value ->> 'createdAt',
              value ->> 'updatedAt' FROM json_each(?)`,
      params: [JSON.stringify(clients)],
    },
  ]
}
