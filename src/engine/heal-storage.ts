/**
 * Restarts the engine if its commits fail although the disk has room. RocksDB keeps failing after it has met a full
 * disk, also when there is room again; a new process of the engine does not. What was acknowledged is in its log, so
 * SIGKILL loses nothing, and it takes seconds less than SIGTERM.
 */
import type { EmbeddedEngine } from '#src/engine/supervised-engine.ts'
import type { Log } from '#src/log.ts'
import type { DiskSpace } from '#src/ports/disk-space.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 1_000
const ROUNDS_WHILE_LOW = 10
const WRITE_TIMEOUT_MS = 2_000
/** Pause after a restart. It doubles, up to a minute, until a write succeeds. */
const FIRST_PAUSE_MS = 4_000
const MAX_PAUSE_MS = 60_000

export interface StorageHealing {
  disk: Pick<DiskSpace, 'isLow' | 'isExhausted' | 'takeFailure'>
  engine: Pick<EmbeddedEngine, 'healthy' | 'kill' | 'endpoint' | 'token'>
  timer: Timer
  log: Pick<Log, 'error'>
}

/** The returned function stops it. */
export function healStorage(ports: StorageHealing): () => void {
  const { disk, engine, timer, log } = ports
  let isSuspect = false
  let rounds = 0
  let pauseMs = FIRST_PAUSE_MS
  return startPeriodicTask(timer, async () => {
    // Transactions that are refused cannot fail, so while there is little room the engine is asked now and then.
    const isDue = disk.isLow && rounds++ % ROUNDS_WHILE_LOW === 0
    if (!disk.isLow) rounds = 0
    isSuspect = disk.takeFailure() || isDue || isSuspect
    if (!isSuspect || disk.isExhausted || !engine.healthy()) return INTERVAL_MS
    if (await canCommit(engine)) {
      isSuspect = false
      pauseMs = FIRST_PAUSE_MS
      return INTERVAL_MS
    }
    if (disk.isExhausted || !engine.healthy()) return INTERVAL_MS
    log.error('commits fail although the disk has room: restarting the engine')
    engine.kill()
    const waitMs = pauseMs
    pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)
    return waitMs
  })
}

/** Makes a small commit of the engine itself, which needs no actor. */
async function canCommit({ endpoint, token }: StorageHealing['engine']): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/runner-configs/storage-check?namespace=default`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ datacenters: { default: { normal: {} } } }),
      signal: AbortSignal.timeout(WRITE_TIMEOUT_MS),
    })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}
