/**
 * What a crash leaves in the engine's store, looked at and tidied while no engine runs on it.
 *
 * The engine's own tool does it; where it fails, the engine gets over everything by itself, only later. Keys are of
 * version 2.3 (engine/packages/universaldb/src/utils/keys.rs).
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type EngineSettings, engineEnvironment } from '#src/engine/engine-environment.ts'
import { engineCommand } from '#src/engine/engine-process.ts'

/**
 * Forgets the workers of engines that ran on this store. A new engine shares its work with all that it believes alive,
 * for 20 s even with one that has stopped, and for 30 s it leaves to a killed one what that one had begun
 * (WORKER_LOST_THRESHOLD_MS in gasoline/src/db/kv/mod.rs). Meanwhile accounts could not be woken.
 */
export async function forgetWorkers(settings: EngineSettings): Promise<void> {
  await query(settings, 'clear --range --yes /rivet/gasoline/kv/worker')
}

/** The actors that a process held when it was last heard of; the engine knows the process by its envoy key. */
export interface Held {
  envoyKey: string
  actors: { actorId: string; generation: number }[]
}

/** Every process that holds actors, as far as the store knows. */
export async function heldActors(settings: EngineSettings): Promise<Held[]> {
  const actors = '/rivet/pegboard/namespace/envoy/actor'
  return readHeldActors(await query(settings, `ls --style list --max-depth 9 ${actors}`))
}

/** Reads lines of namespace, envoy and actor: `/9esh…/f3118992-…/1cx9… = 1`, the number being the generation. */
export function readHeldActors(listing: string): Held[] {
  const held = new Map<string, Held>()
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

async function query(settings: EngineSettings, text: string): Promise<string> {
  const [program, ...options] = engineCommand(settings.dir)
  const { stdout } = await promisify(execFile)(program, [...options, 'udb', '--query', text], {
    env: engineEnvironment(settings),
    timeout: 20_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}
