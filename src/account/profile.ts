/** The `account` row, cached after the first read. */

import { invalidRequest } from '#src/errors.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import type { AccountStatus } from '#src/rules/states.ts'

/**
 * `pendingEmail` is to replace `email` (sessions/change-email.ts). `signingKey` is sealed with the DID as context;
 * `pendingKeyDid` is the did:key that is to replace it, and while it is set no commit is signed. `status` is derived
 * from the columns below it by `statusOf`.
 */
export interface ProfileRow {
  handle: string | null
  email: string | null
  emailConfirmedAt: string | null
  pendingEmail: string | null
  passwordHash: string | null
  signingKey: Uint8Array
  signingKeyDid: string
  pendingKeyDid?: string | null
  status: AccountStatus
  deactivatedAt: string | null
  deleteAfter: string | null
  takedownRef: string | null
  suspendedAt: string | null
  createdAt: string
}

const columns: Record<keyof ProfileRow, string> = {
  handle: 'handle',
  email: 'email',
  emailConfirmedAt: 'email_confirmed_at',
  pendingEmail: 'email_wanted',
  passwordHash: 'password_hash',
  signingKey: 'signing_key',
  signingKeyDid: 'signing_key_did',
  pendingKeyDid: 'pending_key_did',
  status: 'status',
  deactivatedAt: 'deactivated_at',
  deleteAfter: 'delete_after',
  takedownRef: 'takedown_ref',
  suspendedAt: 'suspended_at',
  createdAt: 'created_at',
}
const fields = Object.keys(columns) as (keyof ProfileRow)[]

const selectRow = `SELECT ${fields.map((field) => `${columns[field]} AS ${field}`).join(', ')} FROM account`

export class Profile {
  readonly #sql: Sql
  #row: ProfileRow | undefined
  #reading: Promise<ProfileRow | undefined> | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** For accounts in any state. Throws 400 RepoNotFound if there is no row. */
  async get(): Promise<ProfileRow> {
    const row = this.#row ?? (await this.find())
    if (row === undefined) throw invalidRequest('Could not find repo', 'RepoNotFound')
    return row
  }

  async find(): Promise<ProfileRow | undefined> {
    if (this.#row !== undefined) return this.#row
    const reading = this.#reading ?? this.#sql.first<ProfileRow>(selectRow)
    this.#reading = reading
    try {
      const row = await reading
      // What was read before a `forget` may be stale.
      if (reading === this.#reading) this.#row = row
      return row
    } finally {
      if (reading === this.#reading) this.#reading = undefined
    }
  }

  /** Call after every attempt to change the row, whether it succeeded or not. */
  forget(): void {
    this.#row = undefined
    this.#reading = undefined
  }
}

export function insertProfile(row: ProfileRow): Statement {
  const names = fields.map((field) => columns[field])
  return {
    sql: `INSERT INTO account (id, ${names.join(', ')}) VALUES (1${', ?'.repeat(fields.length)})`,
    params: fields.map((field) => row[field] ?? null),
  }
}

/** Call `forget` afterwards. */
export function updateProfile(changes: Partial<ProfileRow>): Statement {
  const entries = Object.entries(changes) as [keyof ProfileRow, SqlValue][]
  return {
    sql: `UPDATE account SET ${entries.map(([field]) => `${columns[field]} = ?`).join(', ')}`,
    params: entries.map(([, value]) => value),
  }
}
