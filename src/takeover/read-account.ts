/** Everything that the reference has of one account, and the stamp by which a later pass finds what has changed. */
import { createHash } from 'node:crypto'
import type { AccountDatabase, AccountRows } from '#src/takeover/account-rows.ts'
import { ActorStore, type StoreBlob, type StoreRecord } from '#src/takeover/actor-store.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'

export interface ReferenceAccount {
  did: string
  rows: AccountRows
  key: Uint8Array
  store: ActorStore
  root: ReturnType<ActorStore['root']>
  records: StoreRecord[]
  blobs: StoreBlob[]
  preferences: { name: string; valueJson: string }[]
  stamp: string
}

/** Why an account cannot be taken over: without its key it could not write any more. */
export class UnusableAccount extends Error {}

/** SQLITE_ERROR, which a missing table is, SQLITE_CORRUPT and SQLITE_NOTADB. */
const damages = [1, 11, 26]

/** For the operator; undefined if the error is not about this account alone. */
export function unusableReason(error: unknown): string | undefined {
  const { message, errcode = 0 } = error as Error & { errcode?: number }
  if (error instanceof UnusableAccount) return message
  return damages.includes(errcode & 0xff)
    ? `its store.sqlite cannot be read: ${message}`
    : undefined
}

/** Undefined if it was deleted meanwhile. Close its `store`. Throws what `unusableReason` knows. */
export function readAccount(
  folder: ReferenceFolder,
  accounts: AccountDatabase,
  did: string,
): ReferenceAccount | undefined {
  const rows = accounts.account(did)
  if (rows === undefined) return undefined
  const key = folder.key(did)
  if (key === undefined) throw new UnusableAccount('it has no signing key')
  const db = folder.openStore(did)
  if (db === undefined) throw new UnusableAccount('it has no store.sqlite')
  try {
    const store = new ActorStore(db)
    const [root, records, blobs] = [store.root(did), store.records(), store.blobs()]
    const preferences = store.preferences()
    const takedowns = records.filter(({ takedownRef }) => takedownRef !== null)
    const counted = [root?.cid, root?.rev, records.length, takedowns]
    const read = [rows, Buffer.from(key).toString('hex'), counted, blobs, preferences]
    const stamp = createHash('sha256').update(JSON.stringify(read)).digest('hex')
    return { did, rows, key, store, root, records, blobs, preferences, stamp }
  } catch (error) {
    db.close()
    throw error
  }
}
