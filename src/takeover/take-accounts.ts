/** A pass over the accounts of the reference: each that is new or has changed is taken over, in its own transaction. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { AccountDatabase } from '#src/takeover/account-rows.ts'
import { mapAccount, mapBlob } from '#src/takeover/map-account.ts'
import { type ReferenceAccount, readAccount, UnusableAccount } from '#src/takeover/read-account.ts'
import { pagesOf } from '#src/takeover/readable-records.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import type { TakenAccounts } from '#src/takeover/taken-accounts.ts'

export interface PassPorts {
  folder: ReferenceFolder
  accounts: AccountDatabase
  taken: TakenAccounts
  dispatch: Pick<Dispatch, 'account'>
  keys: Pick<Keychain, 'seal'>
  report(progress: string): void
}

export interface PassResult {
  /** Of the reference. */
  accounts: number
  /** Taken over by this pass. */
  taken: number
  /** Not changed since an earlier pass. */
  unchanged: number
  /** Taken over by an earlier pass, and deleted since. */
  deleted: number
  records: number
  blobs: number
  /** Cannot be taken over, with the reason. */
  unusable: { did: string; reason: string }[]
  /** What the operator should know of others. */
  notes: { did: string; note: string }[]
}

/** Accounts that are taken over at a time. */
const AT_ONCE = 3
const PAGE_BLOBS = 1_000

/** May be interrupted and repeated at any time. */
export async function takeAccounts(ports: PassPorts): Promise<PassResult> {
  const { accounts, taken, report } = ports
  const dids = accounts.dids()
  const result: PassResult = {
    ...{ accounts: dids.length, taken: 0, unchanged: 0, deleted: 0, records: 0, blobs: 0 },
    ...{ unusable: [], notes: [] },
  }
  let next = 0
  let done = 0
  const work = async () => {
    for (let did = dids[next++]; did !== undefined; did = dids[next++]) {
      await takeOne(ports, did, result)
      done++
      report(`${done} of ${dids.length} accounts, ${result.records} records, ${result.blobs} blobs`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const present = new Set(dids)
  for (const { did } of taken.all()) {
    if (present.has(did)) continue
    // Removes what was taken over of it.
    await ports.dispatch.account(did).takeover.begin()
    taken.remove(did)
    result.deleted++
  }
  return result
}

async function takeOne(ports: PassPorts, did: string, result: PassResult): Promise<void> {
  let account: ReferenceAccount | undefined
  try {
    account = readAccount(ports.folder, ports.accounts, did)
  } catch (error) {
    if (!(error instanceof UnusableAccount)) throw error
    result.unusable.push({ did, reason: error.message })
    return
  }
  // Deleted meanwhile.
  if (account === undefined) return
  try {
    if (ports.taken.stampOf(did) === account.stamp) result.unchanged++
    else await take(ports, account, result)
  } finally {
    account.store.close()
  }
}

async function take(
  { dispatch, keys, taken }: PassPorts,
  account: ReferenceAccount,
  result: PassResult,
): Promise<void> {
  const { did, root, stamp } = account
  const { takeover } = dispatch.account(did)
  await takeover.begin()
  let records = 0
  const leaveOut = ({ path, reason }: { path: string; reason: string }) =>
    result.notes.push({ did, note: `the record ${path} was left out: ${reason}` })
  for (const page of pagesOf(account, leaveOut)) {
    await takeover.addRecords({ rev: root?.rev ?? '', records: page })
    records += page.length
  }
  const blobs = account.blobs.map(mapBlob)
  for (let i = 0; i < blobs.length; i += PAGE_BLOBS) {
    await takeover.addBlobs({ blobs: blobs.slice(i, i + PAGE_BLOBS) })
  }
  const mapped = mapAccount(account, keys, { records, blobs: blobs.length })
  const { cid, rev, isNew } = await takeover.finish(mapped)
  if (isNew)
    result.notes.push({ did, note: 'its commit could not be kept, and was replaced by a new one' })
  taken.put({ did, stamp, cid, rev, isNew })
  result.taken++
  result.records += records
  result.blobs += blobs.length
}
