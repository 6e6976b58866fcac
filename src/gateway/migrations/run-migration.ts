/**
 * Runs of moves in this process. A run claims the move at its account and renews the claim, so that no two gateways work on one
 * move. The directory records the run first; if this process exits, another one that finds the record continues the move.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClaimedMigration, MigrationChange } from '#src/account/lifecycle/migration.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { migrate } from '#src/gateway/migrations/migrate.ts'
import {
  accountAt,
  type OtherServerPorts,
  type OtherSession,
} from '#src/gateway/migrations/other-server.ts'
import { type OwnServerPorts, ownServer } from '#src/gateway/migrations/own-server.ts'
import { savePeriodically } from '#src/gateway/migrations/save-progress.ts'
import type { XrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import type { Log } from '#src/log.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { Slots } from '#src/ports/slots.ts'
import type { Timer } from '#src/ports/timer.ts'
import { isUnfinished, type Migration } from '#src/rules/migrations.ts'

export interface RunPorts {
  dispatch: {
    directory: {
      runningMoves: {
        add(input: { did: string }): Promise<void>
        list(input: { limit: number }): Promise<string[]>
        remove(input: { did: string }): Promise<void>
      }
    }
    account(did: string): {
      migration: {
        find(): Promise<Migration | null>
        claim(input: { run: string; takesOver?: boolean }): Promise<ClaimedMigration | null>
        save(change: MigrationChange): Promise<void>
      }
    }
  }
  other: OtherServerPorts
  own: OwnServerPorts
  keys: Keychain
  timer: Timer
  log: Pick<Log, 'warn' | 'error'>
}

/** A claimed move, with both servers. */
export interface OpenRun {
  migration: ClaimedMigration
  from: XrpcServer
  to: XrpcServer
  save(change: Omit<MigrationChange, 'run'>): Promise<void>
}

export interface MigrationRuns {
  /** Runs the steps that need no one, in the background. Nothing happens if the move is running, is done or waits. */
  start(did: string): void
  /**
   * Claims the move for one call while it waits for its owner. Throws 409 MigrationBusy if it is running, and 400 if it is at
   * another step: a page that is out of date must not skip steps, or copy again over what was written at the new server.
   */
  hold<T>(did: string, work: (run: OpenRun) => Promise<T>): Promise<T>
  /** Continues moves whose processes have ended. With `takesOver`, those of all other processes have. */
  resume(options: { takesOver: boolean }): Promise<void>
  /** Runs end with their next step, and their moves are free. */
  stop(): Promise<void>
}

/** In this process; the others wait. */
const AT_ONCE = 4
const MAX_WAITING = 100
/** Then another move gets the slot, and this one goes on beside it: it may be waiting for a slow server. */
export const SLOT_MS = 10 * 60_000
/** The longest that one run may take. */
export const RUN_MS = 24 * 60 * 60_000
/** How many records are read at a time. */
const MAX_RECORDED = 1_000
const STOP_MS = 2_000
const RETRY_MS = 60_000
const MAX_RETRY_MS = 60 * 60_000
/** The error of a session that is over. */
const signIn = 'SignIn'
const refusedTokens = ['InvalidToken', 'ExpiredToken']

export function migrationRuns(ports: RunPorts): MigrationRuns {
  const { dispatch, other, own, keys, timer, log } = ports
  const { runningMoves } = dispatch.directory
  const slots = new Slots(AT_ONCE, MAX_WAITING)
  const stopping = new AbortController()
  const running = new Map<string, Promise<void>>()
  /** Of moves that failed for a temporary reason. */
  const retries = new Map<string, { delay: number; at: number }>()

  async function open(
    did: string,
    signal: AbortSignal,
    { takesOver = false } = {},
  ): Promise<OpenRun | undefined> {
    const account = dispatch.account(did)
    const run = randomUUID()
    const migration = await account.migration.claim({ run, ...(takesOver && { takesOver }) })
    if (migration === null) return undefined
    const save = (change: Omit<MigrationChange, 'run'>) =>
      account.migration.save({ run, ...change })
    try {
      const { session: sealed, server, direction } = migration
      if (sealed === null) throw new XrpcError(401, signIn, 'There is no session')
      const session = JSON.parse(Buffer.from(keys.open(sealed, did)).toString()) as OtherSession
      const there = accountAt({ ...other, signal }, server, session, async (next) => {
        await save({ session: sealSession(keys, next) })
      })
      const here = ownServer(own, did)
      const [from, to] = direction === 'in' ? [there, here] : [here, there]
      return { migration, from, to, save }
    } catch (error) {
      await save({ end: { error: reasonOf(error) } })
      throw error
    }
  }

  function noteFailure(did: string, failure: unknown): void {
    const isTemporary =
      failure instanceof XrpcError && (failure.status >= 500 || failure.status === 429)
    const delay = Math.min(2 * (retries.get(did)?.delay ?? RETRY_MS), MAX_RETRY_MS)
    if (isTemporary) retries.set(did, { delay, at: own.clock.now() + delay })
    else retries.delete(did)
  }

  async function runSteps(did: string, options: { takesOver?: boolean }): Promise<void> {
    const lost = new AbortController()
    const late = new AbortController()
    const signal = AbortSignal.any([stopping.signal, lost.signal, late.signal])
    const run = await open(did, signal, options)
    if (run === undefined) {
      retries.delete(did)
      return
    }
    const { migration, from, to } = run
    const progress = { ...migration.progress }
    let queue = Promise.resolve()
    // One after another: an older progress must not overwrite a newer one.
    const save: OpenRun['save'] = (change) => {
      const saved = queue.then(() => run.save(change))
      queue = saved.catch(() => {})
      return saved
    }
    const stopSaving = savePeriodically(timer, progress, (change) =>
      save(change).catch((error: unknown) => {
        if (error instanceof XrpcError && error.error === 'MigrationLost') lost.abort(error)
      }),
    )
    let failure: unknown
    const cancel = timer(RUN_MS, () => late.abort(tookTooLong()))
    try {
      await inSlot(() =>
        migrate(
          {
            ...{ did, from, to, progress, signal, isFromHere: migration.direction === 'out' },
            begin: (step) => save({ step, progress }),
            pause: (ms) => wait(ms, undefined, { signal }),
          },
          migration.step,
        ),
      )
    } catch (error) {
      failure = late.signal.aborted ? late.signal.reason : error
    } finally {
      cancel()
      stopSaving()
    }
    if (lost.signal.aborted) return
    noteFailure(did, late.signal.aborted ? undefined : failure)
    const isStopped = stopping.signal.aborted
    const error = failure === undefined || isStopped ? null : reasonOf(failure)
    if (error !== null && !(failure instanceof XrpcError))
      log.error({ did, err: failure }, 'a move failed')
    await save({ progress, end: { error } })
  }

  function inSlot(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const slot = slots.run(async () => {
        const done = work()
        resolve(done)
        const later = Promise.withResolvers<void>()
        const cancel = timer(SLOT_MS, later.resolve)
        await Promise.race([done.catch(() => {}), later.promise]).finally(cancel)
      })
      slot.catch(reject)
    })
  }

  function start(did: string, { isRecorded = false, takesOver = false } = {}): void {
    if (running.has(did) || stopping.signal.aborted) return
    // A move that has no room here is found in the directory later.
    const isFull = running.size >= MAX_WAITING
    const run = async () => {
      if (!isRecorded) await runningMoves.add({ did })
      if (!isFull) await runSteps(did, { takesOver })
    }
    const work = run()
      .catch((err: unknown) => log.warn({ did, err }, 'a move was stopped'))
      .finally(() => running.delete(did))
    running.set(did, work)
    work.then(() => forget(did)).catch(() => {})
  }

  /** Removes the record of a run that has ended, unless it is to be tried again or goes on elsewhere. */
  async function forget(did: string): Promise<void> {
    if (retries.has(did)) return
    const found = await dispatch.account(did).migration.find()
    const isOver = found === null || (!found.isRunning && !isUnfinished(found))
    if (isOver && !running.has(did) && !stopping.signal.aborted) await runningMoves.remove({ did })
  }

  return {
    start: (did) => start(did),
    async resume({ takesOver }) {
      const found = await runningMoves.list({ limit: MAX_RECORDED })
      const isDue = (did: string) => (retries.get(did)?.at ?? 0) <= own.clock.now()
      for (const did of found.filter(isDue)) {
        if (running.size >= MAX_WAITING) break
        start(did, { isRecorded: true, takesOver })
      }
    },
    async hold(did, work) {
      const run = await open(did, stopping.signal)
      if (run === undefined) throw new XrpcError(409, 'MigrationBusy', 'The move is running')
      let error: string | null = null
      try {
        if (run.migration.step !== 'code') {
          throw invalidRequest('The move does not wait for its owner')
        }
        return await work(run)
      } catch (failure) {
        // A code that is refused is no token.
        if (isSignedOut(failure)) error = signIn
        throw failure
      } finally {
        await run.save({ end: { error } }).catch(() => {})
      }
    },
    async stop() {
      stopping.abort(new Error('the server is stopping'))
      // What it does here may take longer; then its claim ends by itself.
      await Promise.race([Promise.all(running.values()), wait(STOP_MS, undefined, { ref: false })])
    },
  }
}

export function sealSession(keys: Keychain, session: OtherSession): Uint8Array {
  return keys.seal(Buffer.from(JSON.stringify(session)), session.did)
}

function tookTooLong(): XrpcError {
  return new XrpcError(503, 'ServiceUnavailable', 'It took longer than a day')
}

/** What the page shows. */
function reasonOf(error: unknown): string {
  if (!(error instanceof XrpcError)) return 'Internal Server Error'
  return isSignedOut(error) || refusedTokens.includes(error.error)
    ? signIn
    : error.message.slice(0, 300)
}

function isSignedOut(error: unknown): boolean {
  return error instanceof XrpcError && (error.error === signIn || error.status === 401)
}
