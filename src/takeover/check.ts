/** `headwater takeover FOLDER --check`: reads the reference, which may run, and reports what a takeover would do. */
import { inParallel } from '#src/ports/in-parallel.ts'
import { AccountDatabase } from '#src/takeover/account-rows.ts'
import type { Report } from '#src/takeover/progress.ts'
import { readAccount, unusableReason } from '#src/takeover/read-account.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import type { LeftOut, Note } from '#src/takeover/taken-accounts.ts'
import { type VerifyPorts, verifyAccount } from '#src/takeover/verify-account.ts'

export interface CheckResult {
  accounts: number
  records: number
  blobs: number
  /** Keep their commit, which relays know. */
  unchangedRepos: number
  /** Cannot be taken over. */
  leftOut: LeftOut[]
  /** Get a new commit. */
  newCommits: { did: string; reason: string }[]
  notes: Note[]
}

/** DID documents are fetched one for each of these. */
const AT_ONCE = 8

/** Changes nothing. */
export async function checkReference(
  folder: ReferenceFolder,
  ports: VerifyPorts,
  report: Report,
): Promise<CheckResult> {
  const db = folder.openAccounts()
  try {
    const accounts = new AccountDatabase(db)
    const dids = accounts.dids()
    const result: CheckResult = {
      ...{ accounts: dids.length, records: 0, blobs: 0, unchangedRepos: 0 },
      ...{ leftOut: [], newCommits: [], notes: [] },
    }
    let done = 0
    const tell = () => {
      const detail = `${result.records} records`
      report({ step: 'check', done, total: dids.length, detail })
    }
    tell()
    await inParallel(dids, AT_ONCE, async (did) => {
      await checkOne(folder, accounts, did, ports, result)
      done++
      tell()
    })
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
    const reason = unusableReason(error)
    if (reason === undefined) throw error
    result.leftOut.push({ did, reason })
  }
}
