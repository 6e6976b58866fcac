/**
 * Reads and clears what a crash leaves in the engine's store, while no engine runs on it.
 *
 * This is done with the engine's own tool. If it fails, the engine recovers by itself within two minutes. Keys are those
 * of version 2.3 (engine/packages/universaldb/src/utils/keys.rs).
 */
import { spawn } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type EngineSettings, engineEnvironment } from '#src/engine/engine-environment.ts'
import { engineCommand } from '#src/engine/engine-process.ts'
import { recoveryTimeMs } from '#src/engine/recovery-time.ts'

const NAMESPACES = '/rivet/pegboard/namespace'
/** Lists every process that ever ran actors, by its envoy key, with the actors that it last ran. */
const LIST_ACTORS = `ls --style list --max-depth 9 ${NAMESPACES}/envoy/actor`

/**
 * Keys that are only valid while an engine runs.
 *
 * - The workers of engines: a new engine shares work with all workers that it considers running, for 20 s also with one
 *   that has stopped; and for 30 s it does not take over the work of a killed one (WORKER_LOST_THRESHOLD_MS in
 *   gasoline/src/db/kv/mod.rs). Meanwhile accounts could not wake.
 * - The processes that actors may start in: a running one reconnects and is entered again; one that has exited would be
 *   assigned actors until it counts as lost.
 */
const STALE_KEYS = [
  '/rivet/gasoline/kv/worker',
  `${NAMESPACES}/envoy_load_balancer_idx`,
  `${NAMESPACES}/envoy_hash_idx`,
]

/** A process that ran actors before this start, by the envoy key with which the engine identifies it. */
export interface FormerProcess {
  envoyKey: string
  actors: { actorId: string; generation: number }[]
}

/** Clears stale keys; returns every process that has actors, according to the store. */
export async function clearStaleState(settings: EngineSettings): Promise<FormerProcess[]> {
  const clear = STALE_KEYS.map((key) => `clear --range --yes ${key}`)
  return parseFormerProcesses(await query(settings, [...clear, LIST_ACTORS]))
}

/** Reads lines of namespace, envoy and actor: `/9esh…/f3118992-…/1cx9… = 1`, the number being the generation. */
export function parseFormerProcesses(listing: string): FormerProcess[] {
  const processes = new Map<string, FormerProcess>()
  const lines = listing.matchAll(/^\s*\/\w+\/([\w-]+)\/(\w+) = (\d+)\s*$/gm)
  for (const [, envoyKey = '', actorId = '', generation] of lines) {
    const { actors } = processes.get(envoyKey) ?? { actors: [] }
    processes.set(envoyKey, {
      envoyKey,
      actors: [...actors, { actorId, generation: Number(generation) }],
    })
  }
  return [...processes.values()]
}

/** Beside the time that it takes to read the log of the store. */
const TIMEOUT_MS = 20_000

/**
 * Where the tool keeps a history of its queries unless it is given a single one; that cannot be changed. If it is another
 * user's file, the tool fails.
 */
const HISTORY = join('/tmp', 'rivet-udb-cli-history')

/** Runs queries of the engine's tool in order; returns its output. `historyPath` is for tests. */
export async function query(
  settings: EngineSettings,
  queries: readonly string[],
  historyPath = HISTORY,
): Promise<string> {
  if (isOwnOrAbsent(historyPath)) {
    const input = `${[...queries, 'exit'].join('\n')}\n`
    const printed = await runTool(settings, [], input).catch(() => undefined)
    if (printed !== undefined) return printed
  }
  // Several times as slow: each query opens the store.
  const printed: string[] = []
  for (const one of queries) printed.push(await runTool(settings, ['--query', one], ''))
  return printed.join('\n')
}

function isOwnOrAbsent(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found === undefined || (found.isFile() && found.uid === process.getuid?.())
}

async function runTool(
  settings: EngineSettings,
  args: readonly string[],
  input: string,
): Promise<string> {
  const [program, ...options] = engineCommand(settings.dir)
  const tool = spawn(program, [...options, 'udb', ...args], {
    env: engineEnvironment(settings),
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS + recoveryTimeMs(settings.dir),
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<void>((resolve, reject) => {
    tool.once('error', reject)
    tool.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`clearing stale keys of the engine's store failed (exit code ${code})`))
    })
  })
  tool.stdin.on('error', () => {}) // The exit code says more.
  tool.stdin.end(input)
  const [printed] = await Promise.all([text(tool.stdout), ended])
  return printed
}
