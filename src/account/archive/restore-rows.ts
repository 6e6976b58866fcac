/** The statements that replace the private state of an account by that of an archive. */
import type { Account } from '#src/account/account.ts'
import {
  type ArchivedRow,
  type ArchivedTableName,
  archivedTables,
  type PrivateState,
} from '#src/account/archive/private-state.ts'
import type { RestoredState } from '#src/account/archive/restore.ts'
import { auditRow } from '#src/account/audit.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import { totpContext } from '#src/account/factors/totp.ts'
import { memberEvents } from '#src/account/group/member-events.ts'
import { type Membership, roleOf } from '#src/account/members.ts'
import { type MirroredMembership, noteChanges } from '#src/account/membership-mirror.ts'
import type { ImportAddition } from '#src/account/open-import.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { insertRows, type SqlValue, type Statement } from '#src/ports/sql.ts'
import { statusOf } from '#src/rules/states.ts'

/** Call it in the write lane, and `onEnd` when the transaction has ended. `rev` is that of the new commit. */
export async function restoreRows(
  account: Account,
  state: RestoredState,
  rev: string,
): Promise<ImportAddition> {
  const { archive, private: archived, withCredentials = false } = state
  const statements: Statement[] = [
    { sql: 'DELETE FROM preferences' },
    { sql: 'INSERT INTO preferences (id, value) VALUES (1, ?)', params: [state.preferences] },
  ]
  const takedowns = archived?.tables.takedown ?? []
  if (takedowns.length > 0) {
    // Records that were taken down since stay so.
    statements.push(...insertJson('takedown', takedowns))
    account.takedowns.assumeExist()
  }
  const row = await account.profile.get()
  if (archived !== undefined && (withCredentials || isNew(row, archived))) {
    const rest = await privateRows(account, row, archived)
    if (archived.tables.member.length > 0) rest.statements.push(restoredRow(account, archive, rev))
    return { ...rest, statements: [...statements, ...rest.statements] }
  }
  const isGroup = (await account.sql.first('SELECT 1 FROM member LIMIT 1')) !== undefined
  if (isGroup) statements.push(restoredRow(account, archive, rev))
  return { statements, onEnd: () => {} }
}

/** Whether it was created by this restore, or one that was interrupted: nobody has used it, and it has the archived key. */
function isNew(row: ProfileRow, { signingKeyDid }: PrivateState): boolean {
  const isUnused = row.deactivatedAt === row.createdAt && row.deleteAfter !== null
  return isUnused && row.signingKeyDid === signingKeyDid
}

async function privateRows(
  account: Account,
  row: ProfileRow,
  archived: PrivateState,
): Promise<{ statements: Statement[]; onEnd(): void }> {
  const { profile, tables } = archived
  const { rows: members, changes } = await memberChanges(account, tables)
  const statements: Statement[] = [
    ...endAllSessions(account),
    updateProfile({
      passwordHash: profile.passwordHash,
      ...(isNew(row, archived) && newState(row, archived)),
      // The address is that of today; the archive knows whether it was confirmed.
      ...(row.email === profile.email &&
        row.emailConfirmedAt === null && { emailConfirmedAt: profile.emailConfirmedAt }),
    }),
    ...memberEvents(account, changes),
    ...noteChanges(changes),
    ...['credential', 'factor', 'member', 'role', 'invitation', 'join_request'].map((table) => ({
      sql: `DELETE FROM ${table}`,
    })),
    { sql: `DELETE FROM oauth WHERE kind = 'client'` },
    ...insertJson('credential', tables.credential),
    ...insertFactors(account, tables.factor),
    ...insertJson('oauth', tables.oauth),
    ...insertJson('member', tables.member),
    ...insertJson('role', tables.role),
  ]
  const key = {}
  account.members.begin(key, (did) => members.get(did))
  return { statements, onEnd: () => account.members.end(key) }
}

/** It is not deleted for not being activated soon; and what was taken down is at no moment without its takedown. */
function newState({ deactivatedAt }: ProfileRow, { profile }: PrivateState): Partial<ProfileRow> {
  const { takedownRef, suspendedAt } = profile
  const state = { deactivatedAt, deleteAfter: null, takedownRef, suspendedAt }
  return { ...state, status: statusOf(state) }
}

/** Whom the archive makes a member, and what changes for the directory. */
async function memberChanges(
  { sql }: Account,
  tables: PrivateState['tables'],
): Promise<{ rows: Map<string, Membership>; changes: MirroredMembership[] }> {
  const present = await sql.all<{ did: string }>('SELECT did FROM member')
  const changes = new Map<string, MirroredMembership>(
    present.map(({ did }) => [did, { did, role: null, expiresAt: null }]),
  )
  const rows = new Map<string, Membership>()
  for (const [did, name, , , , expiresAt] of tables.member) {
    const member = { did: String(did), role: String(name), expiresAt: numberOf(expiresAt) }
    changes.set(member.did, member)
    const [, scope, manage, revision] = tables.role.find(([own]) => own === name) ?? []
    const role = roleOf({
      name: member.role,
      scope: textOf(scope),
      manage: textOf(manage),
      revision: numberOf(revision),
    })
    if (role !== undefined) rows.set(member.did, { role, expiresAt: member.expiresAt })
  }
  return { rows, changes: [...changes.values()] }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function insertJson(name: ArchivedTableName, rows: readonly ArchivedRow[]): Statement[] {
  if (rows.length === 0) return []
  const { columns } = archivedTables[name]
  const values = columns.map((_, i) => `value ->> ${i}`).join(', ')
  const sql = `INSERT OR IGNORE INTO ${name} (${columns.join(', ')}) SELECT ${values} FROM json_each(?)`
  return [{ sql, params: [JSON.stringify(rows)] }]
}

function insertFactors(account: Account, rows: readonly ArchivedRow[]): Statement[] {
  if (rows.length === 0) return []
  const columns = archivedTables.factor.columns.join(', ')
  const sealed = rows.map(([kind, id, secret, ...rest]): SqlValue[] => {
    if (typeof secret !== 'string') return [kind!, id!, null, ...rest]
    const bytes = new Uint8Array(Buffer.from(secret, 'hex'))
    const stored = kind === 'totp' ? account.keys.seal(bytes, totpContext(account)) : bytes
    return [kind!, id!, stored, ...rest]
  })
  return [insertRows(`INSERT INTO factor (${columns})`, sealed)]
}

function restoredRow(account: Account, archive: string, rev: string): Statement {
  const entry = { action: 'account restored', target: archive, rev }
  return auditRow(account, { did: account.service.did }, 'operator', entry)
}
