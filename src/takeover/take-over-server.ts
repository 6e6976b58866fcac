/**
 * The takeover of a reference PDS (docs/design/takeover.md). Any step may be interrupted, and is repeated by running the
 * command again.
 *
 * 1. A pass takes over each account that is new or has changed. The reference may run, and passes may be repeated.
 * 2. With `finish` the reference is stopped and locked, and one more pass takes what has changed since.
 * 3. The directory, the heads of the log and the shards of OAuth are filled.
 * 4. Accounts with recent events announce themselves, as the first events of this server.
 * 5. The server may start.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { AccountDatabase } from '#src/takeover/account-rows.ts'
import { announceAccounts } from '#src/takeover/announce-accounts.ts'
import { recentAccounts } from '#src/takeover/recent-accounts.ts'
import { lockAccounts, type ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { putServerEntries } from '#src/takeover/server-entries.ts'
import { type PassResult, takeAccounts } from '#src/takeover/take-accounts.ts'
import { TakenAccounts } from '#src/takeover/taken-accounts.ts'

export interface TakeoverPorts {
  folder: ReferenceFolder
  dataDirectory: string
  dispatch: Pick<Dispatch, 'account' | 'directory' | 'sequencer' | 'authorization'>
  keys: Pick<Keychain, 'seal'>
  clock: Clock
  report(progress: string): void
}

export interface TakeoverOptions {
  finish: boolean
  /** Finish although some accounts cannot be taken over. */
  leaveOut: boolean
}

export interface TakeoverResult {
  pass: PassResult | undefined
  /** How many accounts have announced themselves; undefined if the takeover is not over. */
  announced: number | undefined
}

/** Throws an error for the operator if the takeover cannot begin, or cannot be finished. */
export async function takeOverServer(
  ports: TakeoverPorts,
  options: TakeoverOptions,
): Promise<TakeoverResult> {
  const { folder, dispatch, dataDirectory } = ports
  const state = await dispatch.directory.takeover.begin()
  if (state === 'done') throw new Error('the takeover is complete: start the server')
  if (state === 'announcing' && !options.finish) {
    throw new Error('the takeover is being finished: run the command again with --finish')
  }
  const taken = new TakenAccounts(dataDirectory)
  try {
    if (!options.finish) return { pass: await firstPass(ports, taken), announced: undefined }
    using lock = lockAccounts(folder)
    const accounts = new AccountDatabase(lock.db)
    const pass = state === 'open' ? await lastPass(ports, accounts, taken, options) : undefined
    return { pass, announced: await announce(ports, accounts, taken) }
  } finally {
    taken.close()
  }
}

async function firstPass(ports: TakeoverPorts, taken: TakenAccounts): Promise<PassResult> {
  const db = ports.folder.openAccounts()
  try {
    return await takeAccounts({ ...ports, accounts: new AccountDatabase(db), taken })
  } finally {
    db.close()
  }
}

async function lastPass(
  ports: TakeoverPorts,
  accounts: AccountDatabase,
  taken: TakenAccounts,
  { leaveOut }: TakeoverOptions,
): Promise<PassResult> {
  const { dispatch, clock } = ports
  const pass = await takeAccounts({ ...ports, accounts, taken })
  const [first] = pass.unusable
  if (first !== undefined && !leaveOut) {
    throw new Error(
      `${pass.unusable.length} accounts cannot be taken over, the first is ${first.did}: ${first.reason}. --leave-out finishes without them`,
    )
  }
  await putServerEntries({ ...ports, accounts, taken: taken.all(), now: clock.now() })
  await dispatch.directory.takeover.advance({ to: 'announcing' })
  return pass
}

async function announce(
  ports: TakeoverPorts,
  accounts: AccountDatabase,
  taken: TakenAccounts,
): Promise<number> {
  const { folder, clock, dispatch } = ports
  const sequencer = folder.openSequencer()
  const now = clock.now()
  const recent = recentAccounts(sequencer, now)
  sequencer.close()
  const all = taken.all()
  const here = new Set(all.map(({ did }) => did))
  const present = new Set(accounts.dids())
  const isNew = all.filter((account) => account.isNew).map(({ did }) => did)
  // One that is left out is not announced as deleted.
  const known = recent.filter((did) => here.has(did) || !present.has(did))
  const dids = [...new Set([...isNew, ...known])]
  const announced = await announceAccounts({ ...ports, taken: here, now }, dids)
  await dispatch.directory.takeover.advance({ to: 'done' })
  return announced
}
