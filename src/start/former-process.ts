/**
 * Reports the process that last had actors in this data folder to the engine, if it did not stop in order. Only one
 * process can have actors there, so it has exited. Other processes may have reported it; where none is left, the engine
 * would wait.
 */
import type { DataFolder } from '#src/data-folder.ts'
import type { Engine } from '#src/engine/stand-in.ts'
import type { Log } from '#src/log.ts'

interface Ports {
  folder: DataFolder
  engine: Engine
  log: Log
}

/** Call before the actors start. The report goes on meanwhile. */
export async function reportFormerProcess({ folder, engine, log }: Ports): Promise<void> {
  const former = folder.formerEnvoy()
  if (former === undefined) return
  const { LostProcesses } = await import('#src/engine/lost-processes.ts')
  void new LostProcesses({ engine, log }).suspect(former)
}
