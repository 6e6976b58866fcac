/** Resumes key rotations and identity changes that a crashed process left unfinished, at the start and periodically. */
import { type RotationPorts, resumeRotations } from '#src/gateway/identity/rotate-signing-key.ts'
import { type IdentityPorts, resumeIdentityChanges } from '#src/gateway/identity/update-handle.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 10_000
/** The interval doubles up to this while something fails, for example because the PLC directory is unreachable. */
const MAX_INTERVAL_MS = 60_000
/** Younger work may still be running in another process. A rotation may run twice; a handle would be announced twice. */
const ROTATION_MIN_AGE_MS = 15_000
const HANDLE_CHANGE_MIN_AGE_MS = 45_000

/**
 * The first run is at once: most of what it finds was left by this process before it restarted, so it has no minimum
 * age, except for handles if this may not be the only gateway.
 */
export function resumeUnfinished(
  ports: IdentityPorts & RotationPorts,
  { isOnlyGateway, timer = systemTimer }: { isOnlyGateway: boolean; timer?: Timer },
): () => void {
  let isFirst = true
  let pauseMs = INTERVAL_MS
  return startPeriodicTask(timer, async () => {
    const rotationAge = isFirst ? 0 : ROTATION_MIN_AGE_MS
    const changeAge = isFirst && isOnlyGateway ? 0 : HANDLE_CHANGE_MIN_AGE_MS
    isFirst = false
    const outcomes = await Promise.allSettled([
      resumeRotations(ports, { age: rotationAge }),
      resumeIdentityChanges(ports, { age: changeAge }),
    ])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        ports.log.warn({ err: outcome.reason }, 'listing unfinished workflows failed')
      }
    }
    const isAllDone = outcomes.every(
      (outcome) => outcome.status === 'fulfilled' && outcome.value === 0,
    )
    const nextMs = isAllDone ? INTERVAL_MS : pauseMs
    pauseMs = Math.min(2 * nextMs, MAX_INTERVAL_MS)
    return nextMs
  })
}
