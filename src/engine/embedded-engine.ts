/** Starts the engine of this process on its own folder, after cleaning up what a crash left there. */
import { chooseAddresses } from '#src/engine/engine-environment.ts'
import {
  findOrphanedEngine,
  isRunning,
  sendSignal,
  writeStoreFile,
} from '#src/engine/engine-process.ts'
import { pollUntil } from '#src/engine/poll-until.ts'
import { reportStoppedActors } from '#src/engine/report-stopped-actors.ts'
import { type EmbeddedEngine, SupervisedEngine } from '#src/engine/supervised-engine.ts'
import type { Log } from '#src/log.ts'
import { makeFolder } from '#src/ports/sync-folder.ts'

export type { EmbeddedEngine } from '#src/engine/supervised-engine.ts'

const STOP_MS = 10_000

/**
 * Starts an engine in `dir` and waits until it answers. The caller must hold the folder's engine lock. An engine that
 * a crash left running there is stopped first. Throws with the end of the engine's log if it does not start in 30 s.
 */
export async function startEngine(options: {
  dir: string
  token: string
  /** The first of two consecutive ports of 127.0.0.1; any free ones, of any loopback address, if absent. */
  port?: number | undefined
  /** Whether actors run in other processes, which may still run after this one was restarted. */
  hasRemoteActors?: boolean
  /** Whether the engine drops the history of databases; true if absent. */
  compaction?: boolean
  log: Log
}): Promise<EmbeddedEngine> {
  const { dir, token, port, hasRemoteActors = false, compaction = true, log } = options
  makeFolder(dir)
  writeStoreFile(dir)
  await stopOrphanedEngine(dir, log)
  const addresses = await chooseAddresses(port)
  const settings = { dir, token, addresses, hasRemoteActors, compaction }
  const engine = new SupervisedEngine(settings, log)
  const formerProcesses = await engine.start()
  if (!hasRemoteActors) {
    const own = { endpoint: engine.endpoint, token, namespace: 'default' }
    await reportStoppedActors(own, formerProcesses).catch((err) => {
      log.warn(
        { err },
        'reporting stopped actors failed; accounts that were awake may not answer for two minutes',
      )
    })
  }
  return engine
}

async function stopOrphanedEngine(dir: string, log: Log): Promise<void> {
  const pid = findOrphanedEngine(dir)
  if (pid === undefined) return
  log.warn({ pid }, 'stopping the engine that an earlier run left behind')
  sendSignal(pid, 'SIGTERM')
  if (!(await pollUntil(() => !isRunning(pid), STOP_MS))) sendSignal(pid, 'SIGKILL')
  await pollUntil(() => !isRunning(pid), STOP_MS)
}
