/**
 * `npm run soak`: days of traffic in an hour, on a server with small limits and windows. Prints a row of what it measures
 * again and again, restarts the server at the end, and exits with 1 if something keeps growing or was lost.
 */
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { adminPassword, startServer } from '#tests/support/server.ts'
import { XrpcClient } from '../../../bench/xrpc-client.ts'
import { type SoakAccount, storedRkeys } from './clients.ts'
import { readOptions } from './options.ts'
import { growing, type Sample, tableHead, tableRow, takeSample } from './samples.ts'
import { Traffic } from './traffic.ts'

/** On a busy machine the start of an empty server takes longer than that; then twice as long as that one. */
const MAX_RESTART_SECONDS = 10
/** Of all calls. */
const MAX_ERROR_SHARE = 0.001
const PLATEAU_SAMPLES = 9

const options = readOptions(process.argv.slice(2))
const beforeStart = performance.now()
await using server = await startServer({
  env: {
    PDS_ACTOR_SLEEP_TIMEOUT_MS: '5000',
    PDS_MAX_AWAKE_ACCOUNTS: String(options.maxAwake),
    PDS_REPO_BACKFILL_LIMIT_MS: String(options.windowMs),
    PDS_METRICS_OPEN: 'true',
    LOG_LEVEL: 'warn',
  },
})
const startSeconds = (performance.now() - beforeStart) / 1000
const client = new XrpcClient(server.url)
const traffic = new Traffic(client, { ...options, adminPassword })
const startedAt = performance.now()
await traffic.start()
print(tableHead())
const samples = await run()
await traffic.stop()
const lost = await findLost(traffic.writers)
const restartSeconds = await restart()
const lostByRestart = await findLost(traffic.writers)
await client.close()
report()

async function run(): Promise<Sample[]> {
  const taken: Sample[] = []
  const everyMs = (options.minutes * 60_000) / options.samples
  // With goals there is no end by time but the very last, so rows are not spread over it.
  const intervalMs = hasGoals() ? 60_000 : everyMs
  while (performance.now() - startedAt < options.minutes * 60_000 && !hasReached(taken.at(-1))) {
    await pause(intervalMs)
    const pids = { server: server.pid, engine: server.enginePid }
    const sample = await takeSample(server.url, pids, startedAt, traffic)
    taken.push(sample)
    print(tableRow(sample))
  }
  return taken
}

function hasGoals(): boolean {
  return Object.values(options.goals).some((goal) => goal > 0)
}

function hasReached(sample: Sample | undefined): boolean {
  if (sample === undefined || !hasGoals()) return false
  const { events, rewrites, accounts } = options.goals
  const { created } = sample
  return sample.events >= events && sample.rewrites >= rewrites && created >= accounts
}

/** Of each account, whether its records are not those that were acknowledged. */
async function findLost(accounts: readonly SoakAccount[]): Promise<string[]> {
  const lost: string[] = []
  for (const account of accounts) {
    const stored = await storedRkeys(client, account)
    if (stored.join() !== account.rkeys.join()) {
      lost.push(`${account.did} has ${stored.length} records, not ${account.rkeys.length}`)
    }
  }
  return lost
}

/** Resolves with the seconds from the start of the process until it answers. */
async function restart(): Promise<number> {
  await server.stop()
  const from = performance.now()
  await server.start()
  return (performance.now() - from) / 1000
}

function report(): void {
  const { counts, errors } = traffic
  const last = samples.at(-1)!
  const calls = last.events + counts.created + counts.deleted
  print(`\nfirst start: ${startSeconds.toFixed(1)} s; restart: ${restartSeconds.toFixed(1)} s`)
  print(`load average: ${loadavg()[1]!.toFixed(1)} on ${availableParallelism()} processors`)
  print(`errors: ${errors.length} of ${calls} calls`)
  print(`woken: ${counts.woken}; bytes of the store per event: ${perEvent()}`)
  const problems = [...lost, ...lostByRestart]
  const maxRestartSeconds = Math.max(MAX_RESTART_SECONDS, 2 * startSeconds)
  if (restartSeconds > maxRestartSeconds) problems.push(`the restart took ${restartSeconds} s`)
  if (errors.length > calls * MAX_ERROR_SHARE) problems.push(`errors, such as ${errors[0]}`)
  // A short run is over before the windows are full and the engine has compacted its store.
  if (samples.length >= PLATEAU_SAMPLES && options.minutes >= 5) {
    problems.push(...growing(samples).map((what) => `still growing: ${what}`))
  } else print('too short for a plateau')
  for (const problem of problems) print(`PROBLEM: ${problem}`)
  if (problems.length === 0) print('no problem found')
  process.exitCode = problems.length === 0 ? 0 : 1
}

function perEvent(): number {
  const [first, last] = [samples[0]!, samples.at(-1)!]
  return Math.round(((last.store - first.store) * 1e6) / (last.events - first.events))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
