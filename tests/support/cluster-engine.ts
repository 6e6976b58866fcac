/** The engine of a cluster of a test, or several engines of one store. */
import { join } from 'node:path'
import { startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'

export interface ClusterEngine {
  readonly token: string
  /** Where the n-th process with actors, or the n-th gateway, reaches it. */
  endpoint(n: number): string
  /** Further variables of every process. */
  readonly env: Record<string, string>
  /** Ends the one that leads, or all, with SIGKILL; they are restarted at once. */
  kill(which: 'leader' | 'all'): void
  stop(): Promise<void>
}

/** Stores in a folder of `dir`, as the engine that a server runs itself. */
export async function startFolderEngine(dir: string): Promise<ClusterEngine> {
  const folder = join(dir, 'engine')
  // Without spaces: it is part of a header.
  const token = 'engine-of-the-test'
  const log = createLog('silent')
  const engine = await startEngine({ dir: folder, token, hasRemoteActors: true, log })
  return {
    token,
    endpoint: () => engine.endpoint,
    env: { PDS_ENGINE_DIRECTORY: folder },
    kill: () => engine.kill(),
    stop: () => engine.stop(),
  }
}
