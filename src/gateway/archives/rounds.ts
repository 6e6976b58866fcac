/**
 * Archives all accounts at intervals. A round goes through the accounts in the order of their creation, and archives those
 * whose rev is not that of their last archive, whose password, members or other private state has changed since, or whose
 * last attempt failed; none of the others is woken. One process does it at a time; its progress is in the directory, so that
 * another one can continue.
 */
import type { Manifest } from '#src/archive/manifest.ts'
import { XrpcError } from '#src/errors.ts'
import type { ArchivePorts, ArchiveRound } from '#src/gateway/archives/archive-ports.ts'
import { createArchive, messageOf } from '#src/gateway/archives/create-archive.ts'
import { deleteOldAccounts } from '#src/gateway/archives/deleted-accounts.ts'
import { drillArchive } from '#src/gateway/archives/drill-archive.ts'
import { type Lease, withLease } from '#src/gateway/archives/lease.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

export interface RoundPorts extends ArchivePorts {
  /** From the beginning of a round to that of the next. */
  intervalMs: number
  deletedKeptMs: number
  /** An account could not be archived, or its archive not be restored, and the attempt before had not failed. */
  onFailed(what: { did: string; what: 'archive' | 'drill'; message: string }): Promise<void>
}

export interface RoundResult {
  archived: Manifest[]
  failed: number
}

const CHECK_MS = 60_000
const FIRST_MS = 10_000
const PAGE = 200
/** The gateway does other work too. */
const AT_ONCE = 2
const DRILL_INTERVAL_MS = 7 * 24 * 60 * 60 * 1000
const DRILLED = 5

/** The returned function stops it. Does nothing if archives are not configured, or with an interval of 0. */
export function startArchiveRounds(ports: RoundPorts): () => void {
  if (ports.openStorage === undefined || ports.intervalMs === 0) return () => {}
  const run = async (isStopped: () => boolean) => {
    await archiveAll(ports, isStopped).catch((err) => {
      ports.log.warn({ err }, 'archiving accounts failed, will be tried again')
    })
    return CHECK_MS
  }
  return startPeriodicTask(ports.timer, run, { firstMs: FIRST_MS })
}

/** A round, or the rest of one that was interrupted. Undefined if none is due, or another process does it. */
export async function archiveAll(
  ports: RoundPorts,
  isStopped: () => boolean,
): Promise<RoundResult | undefined> {
  const { archives } = ports.dispatch.directory
  if (nextRound(ports, await archives.getRound()) === undefined) return undefined
  return withLease(ports, 'round', async (lease) => {
    // Another process may have ended it meanwhile.
    const round = nextRound(ports, await archives.getRound())
    if (round === undefined) return { archived: [], failed: 0 }
    return runRound(ports, round, lease, isStopped)
  })
}

/** The round to begin or to continue. */
function nextRound(
  { clock, intervalMs }: RoundPorts,
  last: ArchiveRound | null,
): ArchiveRound | undefined {
  const now = clock.now()
  if (last !== null && last.endedAt === null) return last
  if (last !== null && now < last.startedAt + intervalMs) return undefined
  return { startedAt: now, after: null, endedAt: null, drilledAt: last?.drilledAt ?? null }
}

async function runRound(
  ports: RoundPorts,
  start: ArchiveRound,
  { holder, mustHold }: Lease,
  isStopped: () => boolean,
): Promise<RoundResult> {
  const { archives, accounts } = ports.dispatch.directory
  const result: RoundResult = { archived: [], failed: 0 }
  let round = start
  const save = async (changes: Partial<ArchiveRound>) => {
    await mustHold()
    round = { ...round, ...changes }
    await archives.putRound({ holder, round })
  }
  await save({})
  for (;;) {
    const cursor = round.after
    const page = await accounts.list({ limit: PAGE, ...(cursor !== null && { cursor }) })
    const due = await dueOf(ports, page.accounts)
    await archiveEach(ports, due, result, async () => {
      await mustHold()
      return isStopped()
    })
    if (isStopped()) return result
    if (page.cursor === undefined) break
    await save({ after: page.cursor })
  }
  const { drilledAt } = round
  const now = ports.clock.now()
  if (drilledAt === null || now >= drilledAt + DRILL_INTERVAL_MS) {
    result.failed += await drillSample(ports)
    await save({ drilledAt: now })
  }
  await deleteOldAccounts(ports)
  await save({ endedAt: ports.clock.now() })
  const { archived, failed } = result
  ports.log.info({ archived: archived.length, failed }, 'accounts archived')
  return result
}

/** The accounts that have changed since the last archive, or have none. */
async function dueOf(
  { dispatch }: RoundPorts,
  page: readonly { did: string; status: string }[],
): Promise<DueAccount[]> {
  const dids = page.filter(({ status }) => status !== 'deleted').map(({ did }) => did)
  if (dids.length === 0) return []
  const [heads, stateSeqs, states] = await Promise.all([
    dispatch.sequencer.heads.of({ dids }),
    dispatch.sequencer.heads.stateSeqs({ dids }),
    dispatch.directory.archives.states({ dids }),
  ])
  const known = new Map(states.map((state) => [state.did, state]))
  return dids.flatMap((did) => {
    const rev = heads[did]?.rev
    const state = known.get(did)
    const hadFailed = state !== undefined && state.error !== null
    const isNewer = state?.rev !== rev || (stateSeqs[did] ?? 0) > (state?.stateSeq ?? 0)
    return rev !== undefined && (hadFailed || isNewer) ? { did, hadFailed } : []
  })
}

interface DueAccount {
  did: string
  /** The last attempt has failed, which was told then. */
  hadFailed: boolean
}

async function archiveEach(
  ports: RoundPorts,
  due: readonly DueAccount[],
  result: RoundResult,
  mustStop: () => Promise<boolean>,
): Promise<void> {
  const remaining = due.values()
  const work = async () => {
    for (const { did, hadFailed } of remaining) {
      if (await mustStop()) return
      try {
        ports.mustHaveRoom()
        result.archived.push((await createArchive(ports, did)).manifest)
      } catch (error) {
        if (error instanceof XrpcError && error.error === 'RepoNotFound') continue
        result.failed++
        const failure = { did, what: 'archive', message: messageOf(error) } as const
        await reportFailure(ports, failure, hadFailed)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Returns how many failed. */
async function drillSample(ports: RoundPorts): Promise<number> {
  let failed = 0
  const { archives } = ports.dispatch.directory
  const dids = await archives.sample({ limit: DRILLED })
  const states = await archives.states({ dids })
  for (const [n, did] of dids.entries()) {
    try {
      await drillArchive(ports, { did, n })
    } catch (error) {
      if (error instanceof XrpcError && error.status === 503) continue
      failed++
      const failure = { did, what: 'drill', message: messageOf(error) } as const
      const before = states.find((state) => state.did === did)
      await reportFailure(ports, failure, typeof before?.drillError === 'string')
    }
  }
  return failed
}

async function reportFailure(
  { log, onFailed }: RoundPorts,
  failure: { did: string; what: 'archive' | 'drill'; message: string },
  hadFailed: boolean,
): Promise<void> {
  log.warn(failure, 'an archive failed')
  if (hadFailed) return
  await onFailed(failure).catch((err) =>
    log.warn({ err }, 'a webhook about a failed archive could not be sent'),
  )
}
