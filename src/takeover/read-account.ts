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

/** Undefined if it was deleted meanwhile. Close its `store`. Throws UnusableAccount. */
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
  const store = new ActorStore(db)
  try {
    const [root, records, blobs] = [store.root(did), store.records(), store.blobs()]
    const preferences = store.preferences()
    const takedowns = records.filter(({ takedownRef }) => takedownRef !== null)
    const counted = [root?.cid, root?.rev, records.length, takedowns]
    const read = [rows, Buffer.from(key).toString('hex'), counted, blobs, preferences]
    const stamp = createHash('sha256').update(JSON.stringify(read)).digest('hex')
    return { did, rows, key, store, root, records, blobs, preferences, stamp }
  } catch (error) {
    store.close()
    throw error
  }
}
