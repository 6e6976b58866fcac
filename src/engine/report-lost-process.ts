/**
 * Reports to the engine that a process with actors has exited, so that its actors start elsewhere at once: the engine by
 * itself would wait until the process has been silent for some time, and then notices it for each actor at another time.
 *
 * Only the engine knows which actors the process had. So this process connects in place of it (stand-in.ts), says that
 * it is stopping, and reports each actor as stopped that the engine then asks it to stop, or had asked it to start.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { CommandWrapper } from '@rivetkit/engine-envoy-protocol'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import { connectStandIn, type StoppedActor, stoppedActors } from '#src/engine/stand-in.ts'

/** The engine asks for the actors one after another, and a busy one with pauses. It does not say which is the last. */
const QUIET_MS = 5_000
const MAX_REPORT_MS = 60_000

/**
 * Resolves with the number of actors that the process had, some seconds after the engine has taken them from it. The
 * caller must know that the process has exited: one that runs would lose its connection to the engine for good. Rejects
 * if the connection ends meanwhile.
 */
export async function reportLostProcess(
  engine: EngineAddress,
  envoyKey: string,
  quietMs = QUIET_MS,
): Promise<number> {
  const reported = new Set<string>()
  let changedAt = performance.now()
  const standIn = await connectStandIn(engine, envoyKey, (message, send) => {
    if (message.tag !== 'ToEnvoyCommands') return
    const actors = newestOfEach(message.val)
    send(stoppedActors(actors))
    for (const { actorId } of actors) reported.add(actorId)
    changedAt = performance.now()
  })
  try {
    const startedAt = performance.now()
    changedAt = startedAt
    standIn.send({ tag: 'ToRivetStopping', val: null })
    for (;;) {
      const endsAt = Math.min(changedAt + quietMs, startedAt + MAX_REPORT_MS)
      const restMs = endsAt - performance.now()
      if (restMs <= 0) return reported.size
      await Promise.race([pause(restMs), standIn.ended])
    }
  } finally {
    standIn.close()
  }
}

/** The engine sends the commands of some minutes, for activations that may have ended long ago. */
function newestOfEach(commands: readonly CommandWrapper[]): StoppedActor[] {
  const generations = new Map<string, number>()
  for (const { checkpoint } of commands) {
    const { actorId, generation } = checkpoint
    generations.set(actorId, Math.max(generation, generations.get(actorId) ?? 0))
  }
  return [...generations].map(([actorId, generation]) => ({ actorId, generation }))
}
