/** The accounts of this server: looked up by handle, email or DID, and listed by creation time. */

import type { DirectoryAccount } from '#src/directory/account-cache.ts'
import { formatAccountCursor, parseAccountCursor } from '#src/directory/account-cursor.ts'
import { mustBeFree } from '#src/directory/handle-availability.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { deleteRelayAccounts } from '#src/directory/relay-accounts.ts'
import { deleteExpiredReservations } from '#src/directory/reservations.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface ListedAccount extends DirectoryAccount {
  createdAt: string
}

/** Whatever its status; null while it is being created. */
export async function findAccount(
  directory: Directory,
  { identifier }: { identifier: string },
): Promise<DirectoryAccount | null> {
  const isDid = identifier.startsWith('did:')
  const column = isDid ? 'did' : identifier.includes('@') ? 'email' : 'handle'
  const name = isDid ? identifier : identifier.toLowerCase()
  const account = await directory.cache.get(name, () =>
    directory.sql.first<DirectoryAccount>(
      `SELECT did, handle, status FROM account WHERE ${column} = ? AND reserved_until IS NULL`,
      name,
    ),
  )
  return account ?? null
}

export async function resolveHandle(
  directory: Directory,
  { handle }: { handle: string },
): Promise<{ did: string } | null> {
  const account = await findAccount(directory, { identifier: handle })
  return account?.status === 'active' && account.handle === handle.toLowerCase()
    ? { did: account.did }
    : null
}

/** Oldest first. `cursor` is `<ms>::<did>` of the last account of the previous page; throws 400 if it is malformed. */
export async function listAccounts(
  directory: Directory,
  { cursor, limit }: { cursor?: string; limit: number },
): Promise<{ accounts: ListedAccount[]; cursor?: string }> {
  const [createdAt, did] = cursor === undefined ? [0, ''] : parseAccountCursor(cursor)
  const rows = await directory.sql.all<DirectoryAccount & { createdAt: number }>(
    `SELECT did, handle, status, created_at AS createdAt FROM account
     WHERE reserved_until IS NULL AND (created_at, did) > (?, ?) ORDER BY created_at, did LIMIT ?`,
    createdAt,
    did,
    limit,
  )
  const last = rows.at(-1)
  const accounts = rows.map((row) => ({ ...row, createdAt: isoTime(row.createdAt) }))
  // The last page has a cursor too: clients continue from it later.
  return last === undefined ? { accounts } : { accounts, cursor: formatAccountCursor(last) }
}

/**
 * `deleteAfter` is ISO 8601. A deleted account is due for deletion at once, so that its deletion is completed. Does
 * nothing for an unknown DID: its deletion is complete.
 */
export async function setState(
  directory: Directory,
  input: { did: string; status: string; deleteAfter: string | null },
): Promise<void> {
  const { did, status, deleteAfter } = input
  const deleteAt = deleteAfter === null ? null : Date.parse(deleteAfter)
  try {
    await directory.lane.write([did], async (now) => ({
      answer: undefined,
      statements: [
        {
          sql: `UPDATE account SET status = ?, delete_after = ?
                WHERE did = ? AND reserved_until IS NULL`,
          params: [status, status === 'deleted' ? now : deleteAt, did],
        },
        ...(status === 'active' ? [] : [deleteRelayAccounts(did)]),
      ],
    }))
  } finally {
    directory.cache.clear()
  }
}

/** Throws 400 HandleNotAvailable if it is taken, AccountNotFound for an unknown account. */
export async function setHandle(
  directory: Directory,
  input: { did: string; handle: string },
): Promise<void> {
  const { did } = input
  const handle = input.handle.toLowerCase()
  await updateAccount(directory, did, [did, handle], async (now) => {
    await mustBeFree(directory.sql, { did, handle }, now)
    const update = { sql: 'UPDATE account SET handle = ? WHERE did = ?', params: [handle, did] }
    return [...deleteExpiredReservations(now), update]
  })
}

/** Throws 400 InvalidRequest if it is taken, AccountNotFound for an unknown account. */
export async function setEmail(
  directory: Directory,
  input: { did: string; email: string },
): Promise<void> {
  const { did } = input
  const email = input.email.toLowerCase()
  await updateAccount(directory, did, [did, email], async (now) => {
    const conflict = await directory.sql.first(
      `SELECT 1 FROM account
       WHERE email = ? AND did <> ? AND (reserved_until IS NULL OR reserved_until > ?)`,
      email,
      did,
      now,
    )
    if (conflict !== undefined) {
      throw invalidRequest('This email address is already in use, please use a different email.')
    }
    const update = { sql: 'UPDATE account SET email = ? WHERE did = ?', params: [email, did] }
    return [...deleteExpiredReservations(now), update]
  })
}

async function updateAccount(
  directory: Directory,
  did: string,
  subjects: readonly string[],
  prepare: (now: number) => Promise<Statement[]>,
): Promise<void> {
  try {
    await directory.lane.write(subjects, async (now) => {
      const account = await directory.sql.first(
        'SELECT 1 FROM account WHERE did = ? AND reserved_until IS NULL',
        did,
      )
      if (account === undefined) throw invalidRequest('Account not found', 'AccountNotFound')
      return { answer: undefined, statements: await prepare(now) }
    })
  } finally {
    directory.cache.clear()
  }
}
