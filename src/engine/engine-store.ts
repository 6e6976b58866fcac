/**
 * What a crash leaves in the engine's store, looked at and tidied while no engine runs on it.
 *
 * The engine's own tool does it; where it fails, the engine gets over everything by itself, only later. Keys are of
 * version 2.3 (engine/packages/universaldb/src/utils/keys.rs).
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type EngineSettings, engineEnvironment } from '#src/engine/engine-environment.ts'
import { engineCommand } from '#src/engine/engine-process.ts'

const NAMESPACES = '/rivet/pegboard/namespace'
/** Every process that ever ran actors, by its envoy key, with the actors it was last known to run. */
const HELD = `ls --style list --max-depth 9 ${NAMESPACES}/envoy/actor`

/**
 * What is only true while an engine runs, so that a new one must not believe it.
 *
 * - The workers of engines: a new engine shares its work with all that it believes alive, for 20 s even with one that
 *   has stopped, and for 30 s it leaves to a killed one what that one had begun (WORKER_LOST_THRESHOLD_MS in
 *   gasoline/src/db/kv/mod.rs). Meanwhile accounts could not be woken.
 * - The processes that may be given actors: one that is alive connects again and is entered anew; one that is dead
 *   would be given actors for as long as it may be silent, and they would start nowhere.
 */
const STALE_KEYS = [
  '/rivet/gasoline/kv/worker',
  `${NAMESPACES}/envoy_load_balancer_idx`,
  `${NAMESPACES}/envoy_hash_idx`,
]

/** The actors that a process held when it was last heard of; the engine knows the process by its envoy key. */
export interface HeldActors {
  envoyKey: string
  actors: { actorId: string; generation: number }[]
}

/** Forgets what ended with the last engine; returns every process that holds actors, as far as the store knows. */
export async function clearStaleState(settings: EngineSettings): Promise<HeldActors[]> {
  const forget = STALE_KEYS.map((key) => `clear --range --yes ${key}`)
  return parseHeldActors(await query(settings, [...forget, HELD]))
}

/** Reads lines of namespace, envoy and actor: `/9esh…/f3118992-…/1cx9… = 1`, the number being the generation. */
export function parseHeldActors(listing: string): HeldActors[] {
  const held = new Map<string, HeldActors>()
  const lines = listing.matchAll(/^\s*\/\w+\/([\w-]+)\/(\w+) = (\d+)\s*$/gm)
  for (const [, envoyKey = '', actorId = '', generation] of lines) {
    const { actors } = held.get(envoyKey) ?? { actors: [] }
    held.set(envoyKey, {
      envoyKey,
      actors: [...actors, { actorId, generation: Number(generation) }],
    })
  }
  return [...held.values()]
}

const TIMEOUT_MS = 20_000

/** Runs queries of the tool one after the other; returns what it printed. */
async function query(settings: EngineSettings, queries: readonly string[]): Promise<string> {
  const [program, ...options] = engineCommand(settings.dir)
  const tool = spawn(program, [...options, 'udb'], {
    env: engineEnvironment(settings),
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<void>((resolve, reject) => {
    tool.once('error', reject)
    tool.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`the engine's store could not be tidied (exit code ${code})`))
    })
  })
  tool.stdin.on('error', () => {}) // How it ended says more.
  tool.stdin.end(`${[...queries, 'exit'].join('\n')}\n`)
  const [printed] = await Promise.all([text(tool.stdout), ended])
  return printed
}
