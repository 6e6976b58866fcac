/**
 * The key by which the engine knows this process. RivetKit chooses it and does not tell, so it is what the engine lists
 * after the process has joined and did not list before; unknown if another process joined at the same time.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Envoy, listEnvoys } from '#src/engine/report-lost-process.ts'
import type { Engine } from '#src/engine/stand-in.ts'

/** The engine says that a process has joined while it still enters it into the list. */
const ENTERED_MS = 1_000

interface Options {
  list?: (engine: Engine) => Promise<Pick<Envoy, 'envoy_key'>[]>
  enteredMs?: number
}

/**
 * Calls `join`, which must resolve when the process has joined. The key is undefined if it cannot be known; that promise
 * is never rejected.
 */
export async function joinWithKey(
  engine: Engine,
  join: () => Promise<unknown>,
  { list = listEnvoys, enteredMs = ENTERED_MS }: Options = {},
): Promise<{ envoyKey: Promise<string | undefined> }> {
  const keys = async () => (await list(engine)).map(({ envoy_key }) => envoy_key)
  const before = await keys().catch(() => undefined)
  const joined = join()
  const find = async () => {
    await joined
    await pause(enteredMs)
    const added = before && (await keys()).filter((key) => !before.includes(key))
    return added?.length === 1 ? added[0] : undefined
  }
  return { envoyKey: find().catch(() => undefined) }
}
