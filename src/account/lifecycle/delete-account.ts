/**
 * The account's part of its deletion: one transaction deletes its data, sets its status to `deleted` and stores the
 * event. The row that remains keeps revs and event ids of the DID from being used again.
 */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvent, deleteOlderPrivateEvents } from '#src/account/private-events.ts'
import { updateProfile } from '#src/account/profile.ts'
import { dropStagingTables } from '#src/account/repo/import-staging.ts'
import { encodeAccountEvent } from '#src/protocol/events.ts'
import { cidOf, emptyTree } from '#src/protocol/tree.ts'

// Without the tables that stay, and those of SQLite, of RivetKit and of an import.
const erasedTables = `
  SELECT name FROM sqlite_schema
  WHERE type = 'table' AND name NOT IN ('account', 'repo_root', 'outbox', 'private_event')
    AND substr(name, 1, 7) <> 'sqlite_' AND substr(name, 1, 7) <> 'import_' AND substr(name, 1, 1) <> '_'`

export async function deleteAccount(account: Account): Promise<void> {
  const { directoryMirror, profile } = account
  const row = await profile.find()
  if (row === undefined || row.status === 'deleted') return
  await directoryMirror.runExclusive(() => erase(account))
}

/** Call after `deleteAccount`; resolves when nothing is left to push, deliver or delete. Idempotent. */
export async function finishDeletion({
  did,
  directoryMirror,
  outbox,
  privateOutbox,
  blobs,
  profile,
  sql,
}: Account): Promise<void> {
  const row = await profile.find()
  if (row?.status !== 'deleted') return
  await directoryMirror.push()
  outbox.resume()
  privateOutbox.resume()
  await Promise.all([outbox.settled(), privateOutbox.settled(), blobs.whenReconciled()])
  await blobs.storage.deleteAll(did)
  // Deleted data remains in free pages of the database file until it is vacuumed.
  await sql.all('VACUUM').catch(() => {})
}

async function erase(account: Account): Promise<void> {
  const { did, clock, lane, profile, directoryMirror, sql } = account
  try {
    await lane.write(async ({ head }) => {
      if ((await profile.get()).status === 'deleted') {
        return { answer: undefined, head, statements: [], events: [] }
      }
      directoryMirror.pendingStatus = 'deleted'
      const time = new Date(clock.now()).toISOString()
      const tables = await sql.all<{ name: string }>(erasedTables)
      const erased = {
        status: 'deleted',
        handle: null,
        email: null,
        emailConfirmedAt: null,
        pendingKeyDid: null,
        pendingEmail: null,
        passwordHash: null,
        signingKey: new Uint8Array(),
        signingKeyDid: '',
        deactivatedAt: null,
        deleteAfter: null,
        takedownRef: null,
        suspendedAt: null,
      } as const
      return {
        answer: undefined,
        // This root is never served. Its rev is kept: if the DID is registered again, revs continue from it.
        head: { ...head, data: cidOf(emptyTree), tree: emptyTree, block: new Uint8Array() },
        statements: [
          ...tables.map(({ name }) => ({ sql: `DELETE FROM "${name}"` })),
          ...dropStagingTables(),
          addPrivateEvent(account, '#session', { change: 'ended', kind: 'all' }),
          deleteOlderPrivateEvents(),
          updateProfile(erased),
          { sql: 'UPDATE account SET pending_key = NULL, pending_key_did = NULL' },
        ],
        events: [encodeAccountEvent({ did, time, active: false, status: 'deleted' })],
        onDurable: () => account.snapshots.closeAll(),
      }
    })
  } finally {
    account.accessTokens.clear()
    directoryMirror.pendingStatus = undefined
    profile.forget()
  }
}
