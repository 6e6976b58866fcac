/** `headwater takeover FOLDER --check`: reads the reference, which may run, and reports what a takeover would do. */
import { AccountDatabase } from '#src/takeover/account-rows.ts'
import { readAccount, UnusableAccount } from '#src/takeover/read-account.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { type VerifyPorts, verifyAccount } from '#src/takeover/verify-account.ts'

export interface CheckResult {
  accounts: number
  records: number
  blobs: number
  /** Keep their commit, which relays know. */
  unchangedRepos: number
  /** Cannot be taken over. */
  unusable: { did: string; reason: string }[]
  /** Get a new commit. */
  newCommits: { did: string; reason: string }[]
  notes: { did: string; note: string }[]
}

/** DID documents are fetched one for each of these. */
const AT_ONCE = 8

/** Changes nothing. */
export async function checkReference(
  folder: ReferenceFolder,
  ports: VerifyPorts,
  report: (progress: string) => void,
): Promise<CheckResult> {
  const db = folder.openAccounts()
  try {
    const accounts = new AccountDatabase(db)
    const dids = accounts.dids()
    const result: CheckResult = {
      ...{ accounts: dids.length, records: 0, blobs: 0, unchangedRepos: 0 },
      ...{ unusable: [], newCommits: [], notes: [] },
    }
    let next = 0
    let done = 0
    const work = async () => {
      for (let did = dids[next++]; did !== undefined; did = dids[next++]) {
        await checkOne(folder, accounts, did, ports, result)
        done++
        report(`checked ${done} of ${dids.length} accounts, ${result.records} records`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return result
  } finally {
    db.close()
  }
}

async function checkOne(
  folder: ReferenceFolder,
  accounts: AccountDatabase,
  did: string,
  ports: VerifyPorts,
  result: CheckResult,
): Promise<void> {
  try {
    const account = readAccount(folder, accounts, did)
    if (account === undefined) return
    try {
      const { records, blobs, newCommit, notes } = await verifyAccount(ports, account)
      result.records += records
      result.blobs += blobs
      if (newCommit === undefined) result.unchangedRepos++
      else result.newCommits.push({ did, reason: newCommit })
      result.notes.push(...notes.map((note) => ({ did, note })))
    } finally {
      account.store.close()
    }
  } catch (error) {
    if (!(error instanceof UnusableAccount)) throw error
    result.unusable.push({ did, reason: error.message })
  }
}
