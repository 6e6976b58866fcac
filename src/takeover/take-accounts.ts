/** A pass over the accounts of the reference: each that is new or has changed is taken over, in its own transaction. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { inParallel } from '#src/ports/in-parallel.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { AccountDatabase } from '#src/takeover/account-rows.ts'
import { mapAccount, mapBlob } from '#src/takeover/map-account.ts'
import type { Report } from '#src/takeover/progress.ts'
import { type ReferenceAccount, readAccount, unusableReason } from '#src/takeover/read-account.ts'
import { pagesOf } from '#src/takeover/readable-records.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import type { LeftOut, TakenAccounts } from '#src/takeover/taken-accounts.ts'

export interface PassPorts {
  folder: ReferenceFolder
  accounts: AccountDatabase
  taken: TakenAccounts
  dispatch: Pick<Dispatch, 'account'>
  keys: Pick<Keychain, 'seal'>
  report: Report
}

export interface PassResult {
  /** Taken over by this pass. */
  taken: number
  /** Not changed since an earlier pass. */
  unchanged: number
  /** Taken over by an earlier pass, and deleted since. */
  deleted: number
}

/** Accounts that are taken over at a time. */
const AT_ONCE = 3
const PAGE_BLOBS = 1_000

/** May be interrupted and repeated at any time. */
export async function takeAccounts(ports: PassPorts): Promise<PassResult> {
  const { accounts, taken, report } = ports
  const dids = accounts.dids()
  const result: PassResult = { taken: 0, unchanged: 0, deleted: 0 }
  const leftOut: LeftOut[] = []
  let [done, records] = [0, 0]
  const tell = () => {
    report({ step: 'accounts', done, total: dids.length, detail: `${records} records` })
  }
  tell()
  await inParallel(dids, AT_ONCE, async (did) => {
    const added = await takeOne(ports, did, result, leftOut)
    records += added
    done++
    tell()
  })
  taken.leaveOut(leftOut)
  await removeDeleted(ports, new Set(dids), new Set(leftOut.map(({ did }) => did)), result)
  return result
}

/** Removes what was taken over of accounts that the reference has deleted since, or that have become unusable. */
async function removeDeleted(
  { dispatch, taken }: PassPorts,
  present: ReadonlySet<string>,
  leftOut: ReadonlySet<string>,
  result: PassResult,
): Promise<void> {
  for (const { did } of taken.all()) {
    if (present.has(did) && !leftOut.has(did)) continue
    await dispatch.account(did).takeover.begin()
    taken.remove(did)
    if (!present.has(did)) result.deleted++
  }
}

/** Returns how many records were added. */
async function takeOne(
  ports: PassPorts,
  did: string,
  result: PassResult,
  leftOut: LeftOut[],
): Promise<number> {
  let account: ReferenceAccount | undefined
  try {
    account = readAccount(ports.folder, ports.accounts, did)
    // Deleted meanwhile.
    if (account === undefined) return 0
    if (ports.taken.stampOf(did) === account.stamp) {
      result.unchanged++
      return 0
    }
    const records = await take(ports, account)
    result.taken++
    return records
  } catch (error) {
    const reason = unusableReason(error)
    if (reason === undefined) throw error
    leftOut.push({ did, reason })
    return 0
  } finally {
    account?.store.close()
  }
}

async function take(
  { dispatch, keys, taken }: PassPorts,
  account: ReferenceAccount,
): Promise<number> {
  const { did, root, stamp, rows } = account
  const { takeover } = dispatch.account(did)
  await takeover.begin()
  const notes: string[] = []
  let records = 0
  const leaveOut = ({ path, reason }: { path: string; reason: string }) =>
    notes.push(`the record ${path} was left out: ${reason}`)
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
  if (isNew) notes.push('its commit could not be kept, and was replaced by a new one')
  const content = {
    ...{ records, blobs: blobs.length, appPasswords: rows.appPasswords.length },
    ...{ sessions: rows.refreshTokens.length, appSessions: rows.tokens.length },
  }
  taken.put({ did, stamp, cid, rev, isNew }, content, notes)
  return records
}
