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
import type { TakeoverState } from '#src/rules/takeover-state.ts'
import { AccountDatabase } from '#src/takeover/account-rows.ts'
import { announceAccounts } from '#src/takeover/announce-accounts.ts'
import type { Report } from '#src/takeover/progress.ts'
import { recentAccounts } from '#src/takeover/recent-accounts.ts'
import { lockAccounts, type ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { putServerEntries } from '#src/takeover/server-entries.ts'
import { type PassResult, takeAccounts } from '#src/takeover/take-accounts.ts'
import {
  type LeftOut,
  type Note,
  TakenAccounts,
  type TakenContent,
} from '#src/takeover/taken-accounts.ts'

export interface TakeoverPorts {
  folder: ReferenceFolder
  dataDirectory: string
  dispatch: Pick<Dispatch, 'account' | 'directory' | 'sequencer' | 'authorization'>
  keys: Pick<Keychain, 'seal'>
  clock: Clock
  report: Report
}

export interface TakeoverOptions {
  finish: boolean
  /** Finish although some accounts cannot be taken over. */
  leaveOut: boolean
}

/** The totals are those of all passes. */
export interface TakeoverResult extends TakenContent {
  state: TakeoverState
  /** Of the reference. */
  accounts: number
  /** How many of them are here. */
  taken: number
  newCommits: number
  inviteCodes: number
  reservedKeys: number
  /** What this run did; undefined if it only announced accounts. */
  pass: PassResult | undefined
  /** How many accounts this run has announced. */
  announced: number | undefined
  leftOut: LeftOut[]
  notes: Note[]
}

/** Throws an error for the operator if the takeover cannot begin, or cannot be finished. */
export async function takeOverServer(
  ports: TakeoverPorts,
  options: TakeoverOptions,
): Promise<TakeoverResult> {
  const { folder, dispatch, dataDirectory } = ports
  const state = await dispatch.directory.takeover.begin()
  if (state === 'done' && !options.finish) {
    throw new Error('the takeover is complete: start the server')
  }
  if (state === 'announcing' && !options.finish) {
    throw new Error('the takeover is being finished: run the command again with --finish')
  }
  const taken = new TakenAccounts(dataDirectory)
  try {
    if (!options.finish) return await firstPass(ports, taken)
    ports.report({ step: 'lock' })
    using lock = lockAccounts(folder)
    const accounts = new AccountDatabase(lock.db)
    const pass = state === 'open' ? await lastPass(ports, accounts, taken, options) : undefined
    const announced = state === 'done' ? undefined : await announce(ports, accounts, taken)
    return { ...totals(ports, accounts, taken), state: 'done', pass, announced }
  } finally {
    taken.close()
  }
}

function totals({ folder }: TakeoverPorts, accounts: AccountDatabase, taken: TakenAccounts) {
  const { content, notes } = taken.report()
  const all = taken.all()
  return {
    ...{ accounts: accounts.dids().length, taken: all.length, ...content },
    newCommits: all.filter(({ isNew }) => isNew).length,
    inviteCodes: accounts.inviteCodes().length,
    reservedKeys: folder.reservedKeys().length,
    ...{ leftOut: taken.leftOut(), notes },
  }
}

async function firstPass(ports: TakeoverPorts, taken: TakenAccounts): Promise<TakeoverResult> {
  const db = ports.folder.openAccounts()
  try {
    const accounts = new AccountDatabase(db)
    const pass = await takeAccounts({ ...ports, accounts, taken })
    return { ...totals(ports, accounts, taken), state: 'open', pass, announced: undefined }
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
  const leftOut = taken.leftOut()
  const [first] = leftOut
  if (first !== undefined && !leaveOut) {
    throw new Error(
      `${leftOut.length} accounts cannot be taken over, the first is ${first.did}: ${first.reason}. --leave-out finishes without them`,
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
