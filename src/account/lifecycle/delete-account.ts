/**
 * The account's half of its deletion. In one transaction all that it kept goes, the row says `deleted`, and the event
 * that tells of it is stored; what is left is a row that keeps the DID's revs and event ids from being used again.
 */
import type { Account } from '#src/account/account.ts'
import { updateProfile } from '#src/account/profile.ts'
import { dropStagingTables } from '#src/account/repo/import-staging.ts'
import { accountSchema } from '#src/account/schema.ts'
import { encodeAccountEvent } from '#src/protocol/events.ts'
import { cidOf, emptyTree } from '#src/protocol/tree.ts'

/** What stays: the row, the root and the events on their way. */
const kept: readonly string[] = ['account', 'repo_root', 'outbox']

const tables = accountSchema
  .flatMap((page) => [...page.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name!))
  .filter((name) => !kept.includes(name))

/** Deletes the account, whatever its state. Resolves when that is durable; may be repeated. */
export async function deleteAccount(account: Account): Promise<void> {
  const { directoryMirror, profile } = account
  const row = await profile.find()
  if (row === undefined || row.status === 'deleted') return
  await directoryMirror.runExclusive(() => erase(account))
}

/** To follow it: resolves when the directory knows, the event has left, and no byte is left. May be repeated. */
export async function finishDeletion({
  did,
  directoryMirror,
  outbox,
  blobs,
  profile,
  sql,
}: Account): Promise<void> {
  const row = await profile.find()
  if (row?.status !== 'deleted') return
  await directoryMirror.push()
  outbox.resume()
  await Promise.all([outbox.settled(), blobs.whenReconciled()])
  await blobs.storage.deleteAll(did)
  // What was deleted is still in the free pages of the database; without this nobody could read it, but it would be there.
  await sql.all('VACUUM').catch(() => {})
}

async function erase(account: Account): Promise<void> {
  const { did, clock, lane, profile, directoryMirror } = account
  try {
    await lane.write(async ({ head }) => {
      if ((await profile.get()).status === 'deleted') {
        return { answer: undefined, head, statements: [], events: [] }
      }
      directoryMirror.pendingStatus = 'deleted'
      const time = new Date(clock.now()).toISOString()
      const gone = {
        status: 'deleted',
        handle: null,
        email: null,
        emailConfirmedAt: null,
        pendingKeyDid: null,
        emailWanted: null,
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
        // Nobody is shown this root. Its rev stays: should the DID come again, revs go on from it.
        head: { ...head, data: cidOf(emptyTree), tree: emptyTree, block: new Uint8Array() },
        statements: [
          ...tables.map((name) => ({ sql: `DELETE FROM ${name}` })),
          ...dropStagingTables(),
          updateProfile(gone),
          { sql: 'UPDATE account SET pending_key = NULL, pending_key_did = NULL' },
        ],
        events: [encodeAccountEvent({ did, time, active: false, status: 'deleted' })],
      }
    })
  } finally {
    account.accessTokens.clear()
    directoryMirror.pendingStatus = undefined
    profile.forget()
  }
}
