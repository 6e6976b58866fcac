/** One cell of the matrix: a cluster of its own, clients that write, something that happens, and the verdict. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Column, StartedColumn } from '#tests/fault/matrix/columns.ts'
import type { Row } from '#tests/fault/matrix/rows.ts'
import { reachVerdict, type Verdict } from '#tests/fault/matrix/verdict.ts'
import { type ClusterOptions, TestCluster } from '#tests/support/cluster.ts'
import { pollUntil } from '#tests/support/processes.ts'
import { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { WriteLoad } from '#tests/support/write-load.ts'

const ACCOUNTS = 8
const BEFORE_MS = 2_000
/** After everything has answered again. */
const AFTER_MS = 2_000
const ANSWERS_WITHIN_MS = 90_000

/** Two processes with actors on the engine of the column. */
export async function startCluster(
  column: Column,
  options: Omit<ClusterOptions, 'actors' | 'engine'>,
): Promise<{ cluster: TestCluster; started: StartedColumn }> {
  let started: StartedColumn | undefined
  const engine = async (dir: string) => {
    started = await column.start(dir)
    return started.engine
  }
  const cluster = await TestCluster.start({ ...options, actors: 2, engine })
  return { cluster, started: started! }
}

export async function createAccounts(url: string, count: number): Promise<TestAccount[]> {
  const names = Array.from({ length: count }, (_, n) => `user${n}`)
  return Promise.all(names.map((name) => createTestAccount({ url }, name)))
}

export async function runCell(row: Row, column: Column, ms: number): Promise<Verdict> {
  const { cluster, started } = await startCluster(column, row.cluster ?? {})
  await using _ = cluster
  const accounts = await createAccounts(cluster.url, ACCOUNTS)
  const subscriber = new ReconnectingSubscriber(cluster.urls)
  const load = new WriteLoad(cluster.urls, () => accounts)
  load.start()
  await pause(BEFORE_MS)
  await row.happen({ cluster, postgres: started.postgres, ms })
  const notes = await untilAllAnswer(cluster, load, accounts)
  await pause(AFTER_MS)
  await load.stop()
  const verdict = await reachVerdict(cluster.urls.at(-1)!, load, subscriber, accounts)
  verdict.wrong.push(...notes)
  if (verdict.wrong.length > 0) verdict.wrong.push(...loggedErrors(cluster))
  return verdict
}

/** Accounts that do not come back by themselves must do so with new engines, or nothing can be said of their data. */
async function untilAllAnswer(
  cluster: TestCluster,
  load: WriteLoad,
  accounts: readonly TestAccount[],
): Promise<string[]> {
  if (await allAnswer(load, accounts)) return []
  cluster.engine.kill('all')
  const note = `some accounts did not answer within ${ANSWERS_WITHIN_MS / 1000} s`
  return [
    `${note}, and ${(await allAnswer(load, accounts)) ? 'did' : 'did not'} after a restart of the engine`,
  ]
}

/** Whether each account acknowledges another write in time. */
function allAnswer(load: WriteLoad, accounts: readonly TestAccount[]): Promise<boolean> {
  const from = Date.now()
  return pollUntil(async () => {
    const recent = load.acknowledged.filter(({ answeredAt }) => answeredAt! > from)
    const dids = new Set(recent.map(({ did }) => did))
    return accounts.every(({ did }) => dids.has(did))
  }, ANSWERS_WITHIN_MS)
}

/** The messages of the processes' errors, each once. */
function loggedErrors({ actors, gateways }: TestCluster): string[] {
  const lines = [...actors, ...gateways].flatMap(({ output }) => output.split('\n'))
  const messages = lines
    .filter((line) => /^{"level":[56]0.*}$/.test(line))
    .map((line) => JSON.parse(line) as { msg: string; err?: { message?: string } })
    .map(({ msg, err }) => `${msg}: ${err?.message ?? ''}`)
  return [...new Set(messages)]
}
