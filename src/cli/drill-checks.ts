/** Compares a server on restored data with itself, and with the real one if that can be reached. */
import { readPages } from '#src/cli/read-pages.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { verifyRepo } from '#src/cli/verify-repo.ts'
import { XrpcError } from '#src/errors.ts'
import { tidMicros } from '#src/protocol/tid.ts'

export interface DrillFindings {
  accounts: number
  verifiedRepos: number
  records: number
  /** Whether the real server was compared. */
  isCompared: boolean
  problems: string[]
}

interface Account {
  did: string
  indexedAt: string
}

interface Repo {
  did: string
  rev: string
  active?: boolean
}

type Verify = (
  server: ServerClient,
  did: string,
) => Promise<{ rev: string; commit: string; records: number }>

/** An account may have been created, and a commit made, before the backup began, and acknowledged after it. */
const UNDER_WAY_MS = 60_000

/**
 * Verifies the repos of `sample` accounts, evenly chosen, of which every block is read. `backupAt`: when the backup
 * began; what the real server had then, the restored one must have.
 */
export async function checkDrill(
  restored: ServerClient,
  real: ServerClient,
  options: {
    backupAt: number
    sample: number
    report: (progress: string) => void
    verify?: Verify
  },
): Promise<DrillFindings> {
  const { backupAt, sample, report, verify = verifyRepo } = options
  const problems: string[] = []
  const accounts = await accountsOf(restored)
  const repos = await reposOf(restored)
  const realAccounts = await accountsOf(real).catch((error: Error) => {
    report(`not compared with the real server: ${error.message}`)
    return undefined
  })
  const dids = new Set(accounts.map(({ did }) => did))
  const missing = (realAccounts ?? []).filter(
    ({ did, indexedAt }) => !dids.has(did) && Date.parse(indexedAt) < backupAt - UNDER_WAY_MS,
  )
  for (const { did } of missing) problems.push(`${did} is missing`)
  const withRepo = new Set(repos.map(({ did }) => did))
  const headless = accounts.filter(({ did }) => !withRepo.has(did))
  for (const { did } of headless) problems.push(`${did} has no repo`)
  const realDids = new Set(realAccounts?.map(({ did }) => did))
  const chosen = evenly(
    repos.filter(({ active }) => active !== false),
    sample,
  )
  let records = 0
  for (const [i, { did, rev }] of chosen.entries()) {
    report(`verifying: ${i} of ${chosen.length} repos`)
    try {
      const found = await verify(restored, did)
      records += found.records
      if (found.rev < rev) problems.push(`${did}: rev ${found.rev} is older than its events`)
      if (realDids.has(did)) problems.push(...(await differences(real, did, found, backupAt)))
    } catch (error) {
      problems.push(`${did}: ${(error as Error).message}`)
    }
  }
  return {
    ...{ accounts: accounts.length, verifiedRepos: chosen.length, records },
    ...{ isCompared: realAccounts !== undefined, problems },
  }
}

/** The real server may have gone on since, but not the restored one. */
async function differences(
  real: ServerClient,
  did: string,
  found: { rev: string; commit: string },
  backupAt: number,
): Promise<string[]> {
  const latest = await real
    .get<{ cid: string; rev: string }>('com.atproto.sync.getLatestCommit', { did })
    .catch((error) => {
      // Taken down or deactivated since.
      if (error instanceof XrpcError && error.status === 400) return undefined
      throw error
    })
  if (latest === undefined || latest.cid === found.commit) return []
  const wasMadeBefore = tidMicros(latest.rev) / 1000 < backupAt - UNDER_WAY_MS
  if (latest.rev > found.rev && !wasMadeBefore) return []
  return [`${did}: rev ${found.rev}, and the real server has ${latest.rev}`]
}

const accountsOf = (server: ServerClient) =>
  readPages<Account>(server, 'com.atproto.admin.searchAccounts', 'accounts')

const reposOf = (server: ServerClient) =>
  readPages<Repo>(server, 'com.atproto.sync.listRepos', 'repos', { pageSize: 1000 })

function evenly<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all]
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!)
}
