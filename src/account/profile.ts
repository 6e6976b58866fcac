/** The account's own row: who it is and in what state, kept in memory after the first read. */

import { invalidRequest } from '#src/errors.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import type { AccountStatus } from '#src/rules/states.ts'

/** The `account` row. Times are ISO text. */
export interface ProfileRow {
  handle: string | null
  email: string | null
  emailConfirmedAt: string | null
  /** The address that is being put in the place of `email` (sessions/change-email.ts). */
  emailWanted: string | null
  passwordHash: string | null
  /** Sealed by the keychain in the context of the account's DID. */
  signingKey: Uint8Array
  /** did:key of its public half. */
  signingKeyDid: string
  /** did:key of the one that is to replace it; while there is one, nothing is signed for the repo. */
  pendingKeyDid?: string | null
  /** What the four below add up to; `lifecycle/change-state.ts` keeps it so. */
  status: AccountStatus
  deactivatedAt: string | null
  /** When a deactivated account is to be deleted. */
  deleteAfter: string | null
  takedownRef: string | null
  suspendedAt: string | null
  createdAt: string
}

const columns: Record<keyof ProfileRow, string> = {
  handle: 'handle',
  email: 'email',
  emailConfirmedAt: 'email_confirmed_at',
  emailWanted: 'email_wanted',
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

  /** The row, in whatever state; throws 400 RepoNotFound where there is no account. */
  async get(): Promise<ProfileRow> {
    const row = this.#row ?? (await this.find())
    if (row === undefined) throw invalidRequest('Could not find repo', 'RepoNotFound')
    return row
  }

  /** The row, or undefined where there is no account. */
  async find(): Promise<ProfileRow | undefined> {
    if (this.#row !== undefined) return this.#row
    const reading = this.#reading ?? this.#sql.first<ProfileRow>(selectRow)
    this.#reading = reading
    try {
      const row = await reading
      // What was read before a `forget` may be old.
      if (reading === this.#reading) this.#row = row
      return row
    } finally {
      if (reading === this.#reading) this.#reading = undefined
    }
  }

  /** To be called after every attempt to change the row, whatever became of it. */
  forget(): void {
    this.#row = undefined
    this.#reading = undefined
  }
}

/** The statement that makes the row; its transaction fails where there is one. */
export function insertProfile(row: ProfileRow): Statement {
  const names = fields.map((field) => columns[field])
  return {
    sql: `INSERT INTO account (id, ${names.join(', ')}) VALUES (1${', ?'.repeat(fields.length)})`,
    params: fields.map((field) => row[field] ?? null),
  }
}

/** The statement that changes some of the row; follow it with `forget`. */
export function updateProfile(changes: Partial<ProfileRow>): Statement {
  const entries = Object.entries(changes) as [keyof ProfileRow, SqlValue][]
  return {
    sql: `UPDATE account SET ${entries.map(([field]) => `${columns[field]} = ?`).join(', ')}`,
    params: entries.map(([, value]) => value),
  }
}
