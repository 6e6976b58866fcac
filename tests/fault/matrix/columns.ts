/** The columns of the matrix: where the engine stores what the actors write, and how many engines there are. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EngineStore, startEngines } from '#tests/fault/matrix/engines.ts'
import { startNats } from '#tests/fault/matrix/nats.ts'
import { PostgresServer } from '#tests/fault/matrix/postgres.ts'
import { type ClusterEngine, startFolderEngine } from '#tests/support/cluster-engine.ts'

export interface StartedColumn {
  engine: ClusterEngine
  /** Undefined if the engine stores in a folder. */
  postgres: PostgresServer | undefined
}

export interface Column {
  title: string
  start(dir: string): Promise<StartedColumn>
}

/** By the name that `--columns` takes. */
export const columns: Record<string, Column> = {
  files: {
    title: 'file store',
    start: async (dir) => ({ engine: await startFolderEngine(dir), postgres: undefined }),
  },
  postgres: {
    title: 'Postgres',
    start: (dir) => startOnPostgres(dir, 1),
  },
  engines: {
    title: 'Postgres, two engines',
    start: (dir) => startOnPostgres(dir, 2),
  },
}

async function startOnPostgres(dir: string, count: number): Promise<StartedColumn> {
  await using parts = new AsyncDisposableStack()
  const postgres = parts.use(await PostgresServer.start(dir))
  const store: EngineStore = { postgresUrl: postgres.url }
  if (count > 1) {
    const nats = parts.use(await startNats())
    store.configuration = join(dir, 'nats.json')
    writeFileSync(store.configuration, JSON.stringify({ nats: { addresses: [nats.address] } }))
  }
  const engines = await startEngines(dir, store, count)
  parts.defer(() => engines.stop())
  const all = parts.move()
  return { engine: { ...engines, stop: () => all.disposeAsync() }, postgres }
}
