/**
 * Archives accounts in the buckets of their owners, a day after the last archive, if they have changed. The directory knows
 * which are due, so that no other account is woken; one gateway does it at a time.
 */
import type { DueBucket } from '#src/directory/own-buckets.ts'
import { XrpcError } from '#src/errors.ts'
import { messageOf } from '#src/gateway/archives/create-archive.ts'
import { withLease } from '#src/gateway/archives/lease.ts'
import { archiveForOwner, type OwnArchivePorts } from '#src/gateway/archives/own-archive.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

const CHECK_MS = 60_000
const FIRST_MS = 20_000
const PAGE = 200
const AT_ONCE = 2

/** The returned function stops it. */
export function startOwnRounds(ports: OwnArchivePorts): () => void {
  const run = async (isStopped: () => boolean) => {
    await archiveDueBuckets(ports, isStopped).catch((err) => {
      ports.log.warn({ err }, "archiving to owners' buckets failed and will be tried again")
    })
    return CHECK_MS
  }
  return startPeriodicTask(ports.timer, run, { firstMs: FIRST_MS })
}

/** Returns the DIDs of the accounts that were archived; undefined if another process is doing it. */
export async function archiveDueBuckets(
  ports: OwnArchivePorts,
  isStopped: () => boolean,
): Promise<string[] | undefined> {
  const { ownBuckets } = ports.dispatch.directory
  const first = await ownBuckets.listDue({ limit: 1 })
  if (first.length === 0) return []
  return withLease(ports, 'own buckets', async ({ mustHold }) => {
    const due = await ownBuckets.listDue({ limit: PAGE })
    const changed = await changedOf(ports, due)
    const same = due.map(({ did }) => did).filter((did) => !changed.includes(did))
    if (same.length > 0) await ownBuckets.postpone({ dids: same })
    return archiveEach(ports, changed, async () => {
      await mustHold()
      return isStopped()
    })
  })
}

async function changedOf(
  { dispatch }: OwnArchivePorts,
  due: readonly DueBucket[],
): Promise<string[]> {
  const dids = due.map(({ did }) => did)
  const { heads } = dispatch.sequencer
  const [revs, stateSeqs] = await Promise.all([heads.of({ dids }), heads.stateSeqs({ dids })])
  return due
    .filter(({ did, rev, stateSeq }) => {
      return revs[did]?.rev !== rev || (stateSeqs[did] ?? 0) > (stateSeq ?? 0)
    })
    .map(({ did }) => did)
}

async function archiveEach(
  ports: OwnArchivePorts,
  dids: readonly string[],
  mustStop: () => Promise<boolean>,
): Promise<string[]> {
  const archived: string[] = []
  const remaining = dids.values()
  const work = async () => {
    for (const did of remaining) {
      if (await mustStop()) return
      try {
        await archiveForOwner(ports, did)
        archived.push(did)
      } catch (error) {
        const isKnown = error instanceof XrpcError
        if (isKnown && error.error === 'RepoNotFound') {
          await ports.dispatch.directory.ownBuckets.postpone({ dids: [did] })
        }
        // What the owner has to fix is on the owner's page.
        if (!isKnown)
          ports.log.warn({ did, message: messageOf(error) }, "an owner's archive failed")
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return archived
}
