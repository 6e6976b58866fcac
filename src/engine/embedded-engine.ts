/** The engine of this process, on a folder of its own, with everything that a crash left there put right. */
import { mkdirSync } from 'node:fs'
import { choosePorts } from '#src/engine/engine-environment.ts'
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

export type { EmbeddedEngine } from '#src/engine/supervised-engine.ts'

const STOP_MS = 10_000

/**
 * Starts an engine in `dir` and waits until it answers. The caller must hold the folder's engine lock. An engine that
 * a crash left there is ended first. Throws an error with the engine's last words if it does not come up in 30 s.
 */
export async function startEngine(options: {
  dir: string
  token: string
  /** First of three ports in a row; absent for free ones. */
  port?: number | undefined
  /** Whether its actors live in another process, and may have outlived the one that ran it before. */
  hasRemoteActors?: boolean
  log: Log
}): Promise<EmbeddedEngine> {
  const { dir, token, port, hasRemoteActors = false, log } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writeStoreFile(dir)
  await endLeftBehind(dir, log)
  const settings = { dir, token, ports: await choosePorts(port), hasRemoteActors }
  const engine = new SupervisedEngine(settings, log)
  const dead = await engine.start()
  // Actors that live elsewhere may have outlived the engine.
  if (!hasRemoteActors) {
    await reportStoppedActors(engine, dead).catch((err) => {
      log.warn({ err }, 'accounts that were in use may be out of reach for two minutes')
    })
  }
  return engine
}

async function endLeftBehind(dir: string, log: Log): Promise<void> {
  const pid = findOrphanedEngine(dir)
  if (pid === undefined) return
  log.warn({ pid }, 'ending the engine that an earlier run left behind')
  sendSignal(pid, 'SIGTERM')
  if (!(await pollUntil(() => !isRunning(pid), STOP_MS))) sendSignal(pid, 'SIGKILL')
  await pollUntil(() => !isRunning(pid), STOP_MS)
}
