/**
 * The takeover of a whole reference PDS into this server (docs/design/takeover.md): whether one is going on, and its
 * accounts, invite codes and reserved keys. Nothing is changed unless it is open.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { forbidden } from '#src/errors.ts'
import { insertRows, type SqlValue, type Statement } from '#src/ports/sql.ts'
import { TAKEOVER_SETTING, type TakeoverState } from '#src/rules/takeover-state.ts'

/** `handle` and `email` in lower case; times in ms since 1970. */
export interface DirectoryTakeoverAccount {
  did: string
  handle: string
  email: string | null
  status: string
  invitesDisabled: boolean
  createdAt: number
  deleteAfter: number | null
}

export interface DirectoryTakeoverInvites {
  codes: readonly {
    code: string
    availableUses: number
    disabled: boolean
    forAccount: string
    createdBy: string
    createdAt: string
  }[]
  uses: readonly { code: string; usedBy: string; usedAt: string }[]
}

export interface DirectoryTakeoverKey {
  name: string
  signingKey: Uint8Array
  signingKeyDid: string
}

/** Opens the takeover, unless one is open or over. Throws 403 if the server has accounts of its own. */
export function beginTakeover(directory: Directory): Promise<TakeoverState> {
  return directory.lane.write<TakeoverState>(['takeover'], async () => {
    const state = await stateOf(directory)
    if (state !== null) return { answer: state, statements: [] }
    const account = await directory.sql.first('SELECT 1 FROM account LIMIT 1')
    if (account !== undefined) {
      throw forbidden('This server has accounts; a takeover needs an empty server')
    }
    return { answer: 'open', statements: [putState('open')] }
  })
}

/** From `open` to `announcing`, and from there to `done`. Idempotent. */
export function advanceTakeover(
  directory: Directory,
  { to }: { to: 'announcing' | 'done' },
): Promise<void> {
  return directory.lane.write(['takeover'], async () => {
    const state = await stateOf(directory)
    if (state === to) return { answer: undefined, statements: [] }
    if (state !== (to === 'done' ? 'announcing' : 'open')) throw notOpen(state)
    return { answer: undefined, statements: [putState(to)] }
  })
}

/** Removes what an earlier pass stored: handles and addresses may have changed owners since. */
export function clearTakeover(directory: Directory): Promise<void> {
  const tables = ['account', 'invite_code', 'invite_code_use', 'reserved_key']
  return change(
    directory,
    tables.map((table) => ({ sql: `DELETE FROM ${table}` })),
  )
}

/** At most 1,000 accounts. Idempotent. */
export function putTakeoverAccounts(
  directory: Directory,
  { accounts }: { accounts: readonly DirectoryTakeoverAccount[] },
): Promise<void> {
  const rows = accounts.map((account) => [
    ...[account.did, account.handle, account.email, account.status],
    ...[account.invitesDisabled ? 1 : 0, account.createdAt, account.deleteAfter],
  ])
  return change(
    directory,
    insert(
      'account',
      'did, handle, email, status, invites_disabled, created_at, delete_after',
      rows,
    ),
  )
}

/** At most 1,000 codes and as many uses. Idempotent. */
export function putTakeoverInvites(
  directory: Directory,
  { codes, uses }: DirectoryTakeoverInvites,
): Promise<void> {
  const codeRows = codes.map((code) => [
    ...[code.code, code.availableUses, code.disabled ? 1 : 0],
    ...[code.forAccount, code.createdBy, code.createdAt],
  ])
  const useRows = uses.map(({ code, usedBy, usedAt }) => [code, usedBy, usedAt])
  const columns = 'code, available_uses, disabled, for_account, created_by, created_at'
  return change(directory, [
    ...insert('invite_code', columns, codeRows),
    ...insert('invite_code_use', 'code, used_by, used_at', useRows),
  ])
}

/** At most 1,000. Idempotent. */
export function putTakeoverKeys(
  directory: Directory,
  { keys }: { keys: readonly DirectoryTakeoverKey[] },
): Promise<void> {
  const now = directory.clock.now()
  const rows = keys.map(({ name, signingKey, signingKeyDid }) => {
    return [name, signingKey, signingKeyDid, now]
  })
  const columns = 'name, signing_key, signing_key_did, created_at'
  return change(directory, insert('reserved_key', columns, rows))
}

function insert(
  table: string,
  columns: string,
  rows: readonly (readonly SqlValue[])[],
): Statement[] {
  if (rows.length === 0) return []
  return [insertRows(`INSERT OR REPLACE INTO ${table} (${columns})`, rows)]
}

async function change(directory: Directory, statements: readonly Statement[]): Promise<void> {
  try {
    await directory.lane.write(['takeover'], async () => {
      const state = await stateOf(directory)
      if (state !== 'open') throw notOpen(state)
      return { answer: undefined, statements }
    })
  } finally {
    directory.cache.clear()
  }
}

async function stateOf({ sql }: Directory): Promise<TakeoverState | null> {
  const query = 'SELECT value FROM setting WHERE name = ?'
  const row = await sql.first<{ value: TakeoverState }>(query, TAKEOVER_SETTING)
  return row?.value ?? null
}

function putState(state: TakeoverState): Statement {
  const sql = 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)'
  return { sql, params: [TAKEOVER_SETTING, state] }
}

function notOpen(state: TakeoverState | null) {
  return forbidden(
    state === null
      ? 'No takeover has begun'
      : `The takeover is ${state}, so nothing is added to it`,
  )
}
