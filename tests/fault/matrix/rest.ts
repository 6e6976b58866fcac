/** A cluster without faults: whether accounts spread over its processes, and fall asleep. */
import { startCluster } from '#tests/fault/matrix/cell.ts'
import type { Column } from '#tests/fault/matrix/columns.ts'
import { pollUntil } from '#tests/support/processes.ts'
import { createTestAccount } from '#tests/support/server.ts'

const ACCOUNTS = 48
const AT_ONCE = 6
const SLEEP_TIMEOUT_MS = 30_000

export interface Rest {
  /** Accounts awake in each process after all were created. */
  spread: number[]
  /** Within 2:1. */
  isSpread: boolean
  /** Since the last one was created; undefined if some were still awake after three sleep timeouts. */
  asleepAfterMs: number | undefined
  stillAwake: number
}

export async function watchRest(column: Column): Promise<Rest> {
  const env = { PDS_ACTOR_SLEEP_TIMEOUT_MS: String(SLEEP_TIMEOUT_MS) }
  const { cluster } = await startCluster(column, { env })
  await using _ = cluster
  const names = Array.from({ length: ACCOUNTS }, (_, n) => `user${n}`)
  const create = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      await createTestAccount(cluster, name)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, create))
  const from = performance.now()
  const awake = () => Promise.all(cluster.actors.map((process) => process.awakeAccounts()))
  const spread = await awake()
  const total = async () => (await awake()).reduce((sum, one) => sum + one, 0)
  const isAsleep = await pollUntil(async () => (await total()) === 0, 3 * SLEEP_TIMEOUT_MS)
  return {
    spread,
    isSpread: Math.max(...spread) <= 2 * Math.min(...spread),
    asleepAfterMs: isAsleep ? performance.now() - from : undefined,
    stillAwake: isAsleep ? 0 : await total(),
  }
}
