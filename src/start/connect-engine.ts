/** The engine of a process: its own, which it starts, or another one that is configured. */
import type { Config } from '#src/config/config.ts'
import type { DataFolder, FolderSecrets } from '#src/data-folder.ts'
import type { EmbeddedEngine } from '#src/engine/embedded-engine.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import { engineProblem } from '#src/engine/engine-problem.ts'
import type { EngineHealth } from '#src/gateway/operator/health.ts'
import type { Log } from '#src/log.ts'
import { isAlone } from '#src/start/peers.ts'

interface ConnectedEngine extends EngineAddress {
  /** Absent if another process runs the engine. */
  own?: EngineHealth & Pick<EmbeddedEngine, 'kill'>
}

export async function connectEngine(
  config: Config,
  secrets: FolderSecrets,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<ConnectedEngine> {
  const { endpoint, token = secrets.engineToken, namespace, port, compaction } = config.engine
  if (endpoint !== undefined) {
    const engine = { endpoint, token, namespace }
    const problem = await engineProblem(engine)
    // It may start later, or restart just now.
    if (problem !== undefined) log.warn(problem)
    return engine
  }
  const { startEngine } = await import('#src/engine/embedded-engine.ts')
  const dir = folder.at('engine')
  const hasRemoteActors = !isAlone(config)
  const engine = await startEngine({
    dir,
    token: secrets.engineToken,
    port,
    hasRemoteActors,
    compaction,
    log,
  })
  parts.defer(() => engine.stop())
  let restarts = 0
  engine.onDown(() => restarts++)
  const own = {
    healthy: () => engine.healthy(),
    restarts: () => restarts,
    kill: () => engine.kill(),
  }
  return { endpoint: engine.endpoint, token: engine.token, namespace, own }
}
