/**
 * Lets one process at a time write into a repository: two could delete what the other counts on.
 *
 * Each stores a lock under a name of its own and then looks for others, so of two that begin at once at least one
 * gives up. A lock is renewed; one that is not was left by a process that was killed.
 */
import { randomBytes } from 'node:crypto'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { readObject } from '#src/ports/archive-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const LOCKS = 'locks/'
const RENEWED_MS = 60_000
/** Of another machine, whose clock may differ by a little less. */
const STALE_MS = 10 * 60_000
const MAX_LOCK_BYTES = 4_096

/** Who writes. Only one process at a time may write for the same holder, so an earlier lock of it is left over. */
export interface LockHolder {
  host: string
  folder: string
  /** The random name of the data folder: containers on two machines may have the same names otherwise. */
  server?: string | undefined
}

export interface RepositoryLock extends AsyncDisposable {
  /** Throws if another process has taken the lock, because this one could not renew its own. */
  mustHold(): Promise<void>
}

export async function lockRepository(
  storage: ArchiveStorage,
  holder: LockHolder,
  { clock, timer }: { clock: Clock; timer: Timer },
): Promise<RepositoryLock> {
  const own = `${LOCKS}${randomBytes(16).toString('hex')}`
  const write = () => {
    const at = new Date(clock.now()).toISOString()
    return storage.put(own, Buffer.from(JSON.stringify({ at, ...holder })))
  }
  const mustBeAlone = async () => {
    for await (const { key } of storage.list(LOCKS)) {
      if (key !== own) await mustBeLeftOver(storage, key, holder, clock)
    }
  }
  await write()
  try {
    await mustBeAlone()
  } catch (error) {
    await storage.delete([own])
    throw error
  }
  let isLost = false
  // One that was taken away is not stored again: the process that took it may have deleted what this one needs, and ended.
  const mustBeThere = async () => {
    isLost ||= (await storage.sizeOf(own)) === undefined
    if (isLost) throw new Error('another process has removed the lock of this backup')
  }
  const renew = () => mustBeThere().then(write)
  const stop = startPeriodicTask(
    timer,
    async () => {
      await renew().catch(() => {})
      return RENEWED_MS
    },
    { firstMs: RENEWED_MS },
  )
  return {
    async mustHold() {
      await mustBeThere()
      await mustBeAlone()
    },
    async [Symbol.asyncDispose]() {
      stop()
      await storage.delete([own])
    },
  }
}

/** Deletes a lock that was left. Throws if it is held. */
async function mustBeLeftOver(
  storage: ArchiveStorage,
  key: string,
  { host, folder, server }: LockHolder,
  clock: Clock,
): Promise<void> {
  const object = await storage.get(key)
  if (object === undefined) return
  const lock = parsed(await readObject(object, MAX_LOCK_BYTES))
  const isOwn = lock?.host === host && lock.folder === folder && lock.server === server
  if (lock !== undefined && !isOwn && clock.now() - Date.parse(lock.at) < STALE_MS) {
    throw new Error(
      `another backup writes into ${storage.name}, from ${lock.folder} on ${lock.host} (since ${lock.at}): wait until it has ended, or ten minutes if it was killed`,
    )
  }
  await storage.delete([key])
}

function parsed(bytes: Uint8Array): (LockHolder & { at: string }) | undefined {
  try {
    const lock = JSON.parse(Buffer.from(bytes).toString()) as LockHolder & { at: string }
    return Number.isNaN(Date.parse(lock.at)) ? undefined : lock
  } catch {
    return undefined
  }
}
