/**
 * The first events of the server: of each account that has a new commit, or has had events lately, its state as it is
 * now. So a relay misses nothing, whatever it had fetched from the reference when that stopped.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { inParallel } from '#src/ports/in-parallel.ts'
import { encodeAccountEvent } from '#src/protocol/events.ts'
import type { Report } from '#src/takeover/progress.ts'

interface AnnouncePorts {
  dispatch: Pick<Dispatch, 'account' | 'sequencer'>
  /** DIDs of the accounts that were taken over. */
  taken: ReadonlySet<string>
  now: number
  report: Report
}

const AT_ONCE = 3

/** Returns how many were announced. It may be repeated. */
export async function announceAccounts(
  { dispatch, taken, now, report }: AnnouncePorts,
  dids: readonly string[],
): Promise<number> {
  let done = 0
  const tell = () => report({ step: 'announcing', done, total: dids.length })
  tell()
  await inParallel(dids, AT_ONCE, async (did) => {
    if (taken.has(did)) await dispatch.account(did).lifecycle.announce({})
    else await announceDeletion(dispatch, did, now)
    done++
    tell()
  })
  return done
}

/** The account was deleted at the reference, so no actor has it. */
async function announceDeletion(
  { sequencer }: AnnouncePorts['dispatch'],
  did: string,
  now: number,
): Promise<void> {
  const time = new Date(now).toISOString()
  const event = encodeAccountEvent({ did, time, active: false, status: 'deleted' })
  await sequencer.log.append({ did, entries: [{ id: now * 1000, ...event }] })
}
