/** The rows of the matrix: what happens to a cluster while clients write. */
import { setTimeout as pause } from 'node:timers/promises'
import type { PostgresServer } from '#tests/fault/matrix/postgres.ts'
import type { ClusterOptions, TestCluster } from '#tests/support/cluster.ts'

export interface Scene {
  cluster: TestCluster
  postgres: PostgresServer | undefined
  /** How long something that is not for good lasts. */
  ms: number
}

export interface Row {
  title: string
  cluster?: Pick<ClusterOptions, 'gateways' | 'cable'>
  /** Whether it only exists with Postgres. */
  needsPostgres?: boolean
  happen(scene: Scene): Promise<unknown>
}

const POSTGRES_RESTART_MS = 1_000

/** Frozen or out of reach for a time, and then there again. */
async function cutCable({ cluster, ms }: Scene): Promise<void> {
  cluster.cable.cut()
  await pause(ms)
  cluster.cable.mend()
}

/** By the name that `--rows` takes. The first process with actors has the directory and the sequencer. */
export const rows: Record<string, Row> = {
  rolling: {
    title: 'SIGTERM and restart of all processes with actors, one after the other',
    happen: async ({ cluster }) => {
      for (const process of cluster.actors) {
        await process.stop()
        await process.start()
      }
    },
  },
  actors: {
    title: 'kill -9 of a process with actors, for good',
    happen: ({ cluster }) => cluster.actors[0]!.kill9(),
  },
  gateway: {
    title: 'kill -9 of one of two gateways, for good',
    cluster: { gateways: 2 },
    happen: ({ cluster }) => cluster.gateways[0]!.kill9(),
  },
  engine: {
    title: 'kill -9 of the engine',
    happen: async ({ cluster }) => cluster.engine.kill('leader'),
  },
  postgres: {
    title: 'kill -9 of Postgres',
    needsPostgres: true,
    happen: async ({ postgres }) => {
      await postgres!.kill9()
      await pause(POSTGRES_RESTART_MS)
      await postgres!.run()
    },
  },
  frozen: {
    title: 'SIGSTOP of a process with actors, then SIGCONT',
    happen: async ({ cluster, ms }) => {
      const { pid } = cluster.actors[0]!
      process.kill(pid, 'SIGSTOP')
      await pause(ms)
      process.kill(pid, 'SIGCONT')
    },
  },
  'engine-cable': {
    title: 'no packets between a process with actors and the engine',
    cluster: { cable: 'engine' },
    happen: cutCable,
  },
  'peer-cable': {
    title: 'no packets between a process with actors and the others',
    cluster: { cable: 'peers' },
    happen: cutCable,
  },
}
