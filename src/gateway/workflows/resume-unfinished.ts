/** What somebody who died left under way is taken up again: looked for at the start, and every few seconds. */
import { type RotationDeps, resumeRotations } from '#src/gateway/workflows/rotate-signing-key.ts'
import { type IdentityDeps, resumeIdentityChanges } from '#src/gateway/workflows/update-handle.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 10_000
/** Where something could not be finished, for example because a PLC directory is away, it is asked for less often. */
const MAX_INTERVAL_MS = 60_000
/** What is younger is somebody's who is still at it. A second one may work on a key; a handle would be told twice. */
const ROTATION_MIN_AGE_MS = 15_000
const HANDLE_CHANGE_MIN_AGE_MS = 45_000

/** Starts at once, with whatever an earlier process left unfinished; the function it returns stops it. */
export function resumeUnfinished(
  deps: IdentityDeps & RotationDeps,
  timer: Timer = systemTimer,
): () => void {
  let isFirst = true
  let pauseMs = INTERVAL_MS
  return startPeriodicTask(timer, async () => {
    const [keys, handles] = isFirst ? [0, 0] : [ROTATION_MIN_AGE_MS, HANDLE_CHANGE_MIN_AGE_MS]
    isFirst = false
    const outcomes = await Promise.allSettled([
      resumeRotations(deps, { age: keys }),
      resumeIdentityChanges(deps, { age: handles }),
    ])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        deps.log.warn({ err: outcome.reason }, 'listing unfinished workflows failed')
      }
    }
    const isAllDone = outcomes.every((one) => one.status === 'fulfilled' && one.value === 0)
    const nextMs = isAllDone ? INTERVAL_MS : pauseMs
    pauseMs = Math.min(2 * nextMs, MAX_INTERVAL_MS)
    return nextMs
  })
}
