/** What the reference's account database has of one account, and of invites; columns that are new are left out. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Times are ISO 8601, as the reference stores them. */
export interface ActorRow {
  did: string
  handle: string | null
  createdAt: string
  takedownRef: string | null
  deactivatedAt: string | null
  deleteAfter: string | null
  email: string | null
  passwordScrypt: string | null
  emailConfirmedAt: string | null
  invitesDisabled: number | null
}

export interface AccountRows {
  actor: ActorRow
  appPasswords: { name: string; passwordScrypt: string; createdAt: string; privileged: number }[]
  refreshTokens: {
    id: string
    expiresAt: string
    nextId: string | null
    appPasswordName: string | null
  }[]
  tokens: TokenRow[]
  /** Refresh tokens that were used, with the row of the token. */
  usedTokens: { refreshToken: string; tokenId: number }[]
  accountDevices: { deviceId: string; createdAt: string; updatedAt: string }[]
  clients: { clientId: string; createdAt: string; updatedAt: string; data: string }[]
}

export interface TokenRow {
  id: number
  tokenId: string
  createdAt: string
  updatedAt: string
  expiresAt: string
  clientId: string
  clientAuth: string
  deviceId: string | null
  parameters: string
  code: string | null
  currentRefreshToken: string | null
  scope: string | null
}

export interface DeviceRow {
  id: string
  sessionId: string
  userAgent: string | null
  ipAddress: string
  lastSeenAt: string
}

const actors = `SELECT actor.did, handle, createdAt, takedownRef, deactivatedAt, deleteAfter, email,
  passwordScrypt, emailConfirmedAt, invitesDisabled FROM actor LEFT JOIN account USING (did)`

const queries = {
  actor: `${actors} WHERE actor.did = ?`,
  appPasswords: `SELECT name, passwordScrypt, createdAt, privileged FROM app_password
    WHERE did = ? ORDER BY name`,
  refreshTokens: `SELECT id, expiresAt, nextId, appPasswordName FROM refresh_token
    WHERE did = ? ORDER BY id`,
  tokens: `SELECT id, tokenId, createdAt, updatedAt, expiresAt, clientId, clientAuth, deviceId,
    parameters, code, currentRefreshToken, scope FROM token WHERE did = ? ORDER BY id`,
  usedTokens: `SELECT refreshToken, used_refresh_token.tokenId FROM used_refresh_token
    JOIN token ON token.id = used_refresh_token.tokenId WHERE did = ? ORDER BY refreshToken`,
  accountDevices: `SELECT deviceId, createdAt, updatedAt FROM account_device
    WHERE did = ? ORDER BY deviceId`,
  clients: `SELECT clientId, createdAt, updatedAt, data FROM authorized_client
    WHERE did = ? ORDER BY clientId`,
  device: 'SELECT id, sessionId, userAgent, ipAddress, lastSeenAt FROM device WHERE id = ?',
}

type Name = keyof typeof queries

export class AccountDatabase {
  readonly #db: DatabaseSync
  readonly #statements: Record<Name, StatementSync>

  /** Throws if the database is that of an earlier release of the reference. */
  constructor(db: DatabaseSync) {
    this.#db = db
    try {
      const prepared = Object.entries(queries).map(([name, sql]) => [name, db.prepare(sql)])
      this.#statements = Object.fromEntries(prepared)
    } catch (cause) {
      const message = `the reference PDS must be updated first, so that it migrates its database (${(cause as Error).message})`
      throw new Error(message, { cause })
    }
  }

  /** In the order of creation. */
  dids(): string[] {
    const rows = this.#db.prepare('SELECT did FROM actor ORDER BY createdAt, did').all()
    return rows.map((row) => row['did'] as string)
  }

  /** Of one moment. Undefined if the account was deleted meanwhile. */
  account(did: string): AccountRows | undefined {
    this.#db.exec('BEGIN')
    try {
      const [actor] = this.#all<ActorRow>('actor', did)
      if (actor === undefined) return undefined
      return {
        actor,
        appPasswords: this.#all('appPasswords', did),
        refreshTokens: this.#all('refreshTokens', did),
        tokens: this.#all('tokens', did),
        usedTokens: this.#all('usedTokens', did),
        accountDevices: this.#all('accountDevices', did),
        clients: this.#all('clients', did),
      }
    } finally {
      this.#db.exec('COMMIT')
    }
  }

  device(id: string): DeviceRow | undefined {
    return this.#all<DeviceRow>('device', id)[0]
  }

  inviteCodes(): {
    code: string
    availableUses: number
    disabled: number
    forAccount: string
    createdBy: string
    createdAt: string
  }[] {
    const columns = 'code, availableUses, disabled, forAccount, createdBy, createdAt'
    return this.#db.prepare(`SELECT ${columns} FROM invite_code ORDER BY code`).all() as never
  }

  inviteUses(): { code: string; usedBy: string; usedAt: string }[] {
    const sql = 'SELECT code, usedBy, usedAt FROM invite_code_use ORDER BY code, usedBy'
    return this.#db.prepare(sql).all() as never
  }

  #all<R>(name: Name, key: string): R[] {
    return this.#statements[name].all(key).map((row) => ({ ...row }) as R)
  }
}
