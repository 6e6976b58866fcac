/** A cluster without faults: whether accounts spread over its processes, and fall asleep. */
import { setTimeout as pause } from 'node:timers/promises'
import { startCluster } from '#tests/fault/matrix/cell.ts'
import type { Column } from '#tests/fault/matrix/columns.ts'
import { pollUntil } from '#tests/support/processes.ts'
import { createTestAccount } from '#tests/support/server.ts'

const ACCOUNTS = 48
const AT_ONCE = 6
const SLEEP_TIMEOUT_MS = 30_000
const SAMPLE_MS = 500

export interface Rest {
  /** Accounts awake in each process when most were: the first ones sleep again before the last one is created. */
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
  const awake = () => Promise.all(cluster.actors.map((process) => process.awakeAccounts()))
  const total = async () => sum(await awake())
  let spread: number[] = []
  let areCreated = false
  const watch = async () => {
    while (!areCreated) {
      const now = await awake()
      if (sum(now) > sum(spread)) spread = now
      await pause(SAMPLE_MS)
    }
  }
  const watching = watch()
  await Promise.all(Array.from({ length: AT_ONCE }, create))
  areCreated = true
  await watching
  const from = performance.now()
  const isAsleep = await pollUntil(async () => (await total()) === 0, 3 * SLEEP_TIMEOUT_MS)
  return {
    spread,
    isSpread: Math.max(...spread) <= 2 * Math.min(...spread),
    asleepAfterMs: isAsleep ? performance.now() - from : undefined,
    stillAwake: isAsleep ? 0 : await total(),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
