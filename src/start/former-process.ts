/**
 * Reports the process that last had actors in this data folder to the engine, if it did not stop in order. Only one
 * process can have actors there, so it has exited. Other processes may have reported it; where none is left, the engine
 * would wait.
 */
import type { DataFolder } from '#src/data-folder.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import type { Log } from '#src/log.ts'

interface Ports {
  folder: DataFolder
  engine: EngineAddress
  log: Log
}

/**
 * Notes the key of this process in its folder as soon as it is known, for the next one. Call the result when the process
 * has stopped in order.
 */
export function noteEnvoy(
  envoyKey: Promise<string | undefined>,
  folder: Pick<DataFolder, 'noteEnvoy'>,
  log: Pick<Log, 'warn'>,
): () => void {
  let hasStopped = false
  const note = (key: string | undefined) => {
    try {
      folder.noteEnvoy(key)
    } catch (err) {
      log.warn({ err }, 'noting the key of this process failed: the next start does not report it')
    }
  }
  void envoyKey.then((key) => {
    if (!hasStopped) note(key)
  })
  return () => {
    hasStopped = true
    note(undefined)
  }
}

/** Call before the actors start. The report goes on meanwhile. */
export async function reportFormerProcess({ folder, engine, log }: Ports): Promise<void> {
  const former = folder.formerEnvoy()
  if (former === undefined) return
  const { LostProcesses } = await import('#src/engine/lost-processes.ts')
  void new LostProcesses({ engine, log }).suspect(former)
}
