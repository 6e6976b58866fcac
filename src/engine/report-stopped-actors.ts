/**
 * Reports to a new engine that the actors of a former process have stopped with it.
 *
 * The engine would consider them running until the process counts as lost, and longer for one that was about to fall
 * asleep; their accounts would not answer meanwhile. This happens after kill -9, but also after an orderly stop for an
 * actor that was just starting. So this process reports in place of the former one (stand-in.ts): each actor as stopped.
 * It stays connected until the engine has processed the reports.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { askEngine, type EngineAddress } from '#src/engine/engine-api.ts'
import type { FormerProcess } from '#src/engine/engine-store.ts'
import { connectStandIn, type StoppedActor, stoppedActors } from '#src/engine/stand-in.ts'

/** What the engine's API returns of an actor. */
interface ActorState {
  actor_id: string
  connectable_ts?: number | null
  sleep_ts?: number | null
}

/** Without the report the accounts would not answer for longer than this. */
const TIMEOUT_MS = 20_000
const PAUSE_MS = 20
/** The engine's API returns so many actors at once. */
const PAGE = 32

/** Reports processes and their actors. Resolves when the engine has processed it; rejects if that takes more than 20 s each. */
export async function reportStoppedActors(
  engine: EngineAddress,
  stoppedProcesses: readonly FormerProcess[],
): Promise<void> {
  const [first, ...others] = stoppedProcesses
  if (first === undefined) return
  const starting = await startingAccounts(engine)
  await report(engine, { ...first, actors: [...first.actors, ...starting] })
  for (const other of others) await report(engine, other)
}

/**
 * Accounts that were starting for the first time: they belong to no process yet, and the engine would wait 10 s for them.
 * For accounts that were waking again it does wait, because its API does not return their generation.
 */
async function startingAccounts(engine: EngineAddress): Promise<StoppedActor[]> {
  const actors = await listActors(engine, { name: 'account', limit: String(PAGE) })
  return actors
    .filter(({ connectable_ts, sleep_ts }) => connectable_ts == null && sleep_ts == null)
    .map(({ actor_id }) => ({ actorId: actor_id, generation: 1 }))
}

async function report(engine: EngineAddress, { envoyKey, actors }: FormerProcess): Promise<void> {
  const standIn = await connectStandIn(engine, envoyKey)
  try {
    standIn.send(stoppedActors(actors))
    for (let i = 0; i < actors.length; i += PAGE) {
      await Promise.race([untilStopped(engine, actors.slice(i, i + PAGE)), standIn.ended])
    }
  } finally {
    standIn.close()
  }
}

async function untilStopped(engine: EngineAddress, actors: readonly StoppedActor[]): Promise<void> {
  const ids = actors.map(({ actorId }) => actorId).join(',')
  const until = performance.now() + TIMEOUT_MS
  for (;;) {
    const found = await listActors(engine, { actor_ids: ids })
    if (found.every(({ connectable_ts }) => connectable_ts == null)) return
    if (performance.now() > until) throw new Error('The engine did not process the report in time')
    await pause(PAUSE_MS)
  }
}

async function listActors(
  engine: EngineAddress,
  params: Record<string, string>,
): Promise<ActorState[]> {
  const { actors } = (await askEngine(engine, '/actors', params)) as { actors: ActorState[] }
  return actors
}
