/**
 * Suspends the accounts of a suspended tenant, and restores them with it, one after another since each has to be woken. The
 * directory lists what is left to do (src/directory/tenant-suspensions.ts), so that any process can go on after a crash.
 */
import type { Suspender, Sweep } from '#src/directory/tenant-suspensions.ts'
import type { Log } from '#src/log.ts'
import { pause as pauseFor } from '#src/ports/pause.ts'

export interface SweepPorts {
  dispatch: {
    account(did: string): {
      lifecycle: { changeState(change: { suspended: boolean }): Promise<unknown> }
      moderation: { getState(): Promise<{ status: string; suspendedAt?: string | null }> }
    }
    directory: {
      tenantAccounts: {
        takeSweep(input: { tenant?: string; after?: string; limit: number }): Promise<Sweep | null>
        beginSuspension(input: {
          did: string
          by: Suspender
          isSuspended: boolean
        }): Promise<boolean>
        endSuspension(input: { did: string }): Promise<void>
      }
    }
  }
  log: Pick<Log, 'warn'>
  pause?(ms: number): Promise<void>
}

const PAGE_SIZE = 50
/** After each account. A wake takes about as long, so that other calls get half of the machine. */
const PAUSE_MS = 100

/** Resolves when nothing is left but what other processes are doing; failed accounts are tried again by a later call. */
export async function sweepTenants(
  { dispatch, log, pause = pauseFor }: SweepPorts,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const { tenantAccounts } = dispatch.directory
  const take = (from: { tenant?: string; after?: string }) =>
    tenantAccounts.takeSweep({ ...from, limit: PAGE_SIZE })
  for (let sweep = await take({}); sweep !== null; ) {
    const { tenant, suspended, dids } = sweep
    for (const did of dids) {
      if (isStopped()) return
      try {
        await (suspended ? suspend(dispatch, did) : restore(dispatch, did))
      } catch (err) {
        log.warn({ did, tenant, err }, 'an account does not follow its tenant yet')
      }
      await pause(PAUSE_MS)
    }
    const after = dids.at(-1)
    sweep = await take(after === undefined ? {} : { tenant, after })
  }
}

async function suspend(dispatch: SweepPorts['dispatch'], did: string): Promise<void> {
  const { lifecycle, moderation } = dispatch.account(did)
  const { status, suspendedAt } = await moderation.getState()
  // Processes of an earlier release do not report a suspension beneath a takedown.
  const isSuspended = suspendedAt === undefined ? status === 'suspended' : suspendedAt !== null
  const begin = (isSuspended: boolean) =>
    dispatch.directory.tenantAccounts.beginSuspension({ did, by: 'server', isSuspended })
  if (!(await begin(isSuspended))) return
  await lifecycle.changeState({ suspended: true })
  // The tenant may have been restored meanwhile, when this account was not suspended yet.
  if (!(await begin(false))) await lifecycle.changeState({ suspended: false })
}

async function restore({ account, directory }: SweepPorts['dispatch'], did: string): Promise<void> {
  await account(did).lifecycle.changeState({ suspended: false })
  await directory.tenantAccounts.endSuspension({ did })
}
