/**
 * The key by which the engine knows this process. RivetKit chooses it and does not say, but it sends the engine its own
 * version, which the engine returns with the key. So a mark of this process is added to the version, as a build (semver).
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type EngineAddress, listEnvoys } from '#src/engine/engine-api.ts'

const REQUEST_TIMEOUT_MS = 1_000
/** It appears some milliseconds after the process has joined, unless the engine does not run yet. */
const POLL_MS = 20
const SLOW_POLL_MS = 1_000
const FREQUENT_POLLS = 250

let mark: string | undefined

/** Call before actors start in this process; returns its mark. */
export async function markOwnEnvoy(): Promise<string> {
  if (mark !== undefined) return mark
  const own = randomUUID()
  // A gateway must not load it.
  const { CoreRegistry } = await import('@rivetkit/rivetkit-napi')
  const { serve } = CoreRegistry.prototype
  CoreRegistry.prototype.serve = function (config) {
    const version = `${config.serverlessPackageVersion}+${own}`
    return serve.call(this, { ...config, serverlessPackageVersion: version })
  }
  mark = own
  return own
}

/** Resolves with the key as soon as the engine lists a process of this mark, or with undefined if aborted before that. */
export async function findMarkedEnvoy(
  engine: EngineAddress,
  mark: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let polls = 0; !signal.aborted; polls++) {
    const envoys = await listEnvoys(engine, REQUEST_TIMEOUT_MS).catch(() => [])
    const own = envoys.find(({ metadata }) => metadata?.rivetkit?.version?.endsWith(`+${mark}`))
    if (own !== undefined) return own.envoy_key
    const ms = polls < FREQUENT_POLLS ? POLL_MS : SLOW_POLL_MS
    await pause(ms, undefined, { signal }).catch(() => {})
  }
  return undefined
}
