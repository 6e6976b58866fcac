/** What somebody who died left under way is taken up again: looked for at the start, and every few seconds. */
import { type RotationDeps, resumeRotations } from '#src/gateway/workflows/rotate-signing-key.ts'
import { type IdentityDeps, resumeIdentityChanges } from '#src/gateway/workflows/update-handle.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 10_000
/** Where something could not be finished, for example because a PLC directory is away, it is asked for less often. */
const MAX_INTERVAL_MS = 60_000
/** What is younger is somebody's who is still at it. A second one may work on a key; a handle would be told twice. */
const ROTATION_MIN_AGE_MS = 15_000
const HANDLE_CHANGE_MIN_AGE_MS = 45_000

export class UnfinishedWorkflows {
  readonly #deps: IdentityDeps & RotationDeps
  readonly #timer: Timer
  #cancel = () => {}
  #pause = INTERVAL_MS
  #stopped = false

  constructor(deps: IdentityDeps & RotationDeps, timer: Timer = systemTimer) {
    this.#deps = deps
    this.#timer = timer
  }

  /** Begins at once, with whatever there is: most of that was left by the last life of this process. */
  start(): void {
    void this.#look(true)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  async #look(isFirst: boolean): Promise<void> {
    const [keys, handles] = isFirst ? [0, 0] : [ROTATION_MIN_AGE_MS, HANDLE_CHANGE_MIN_AGE_MS]
    const outcomes = await Promise.allSettled([
      resumeRotations(this.#deps, { age: keys }),
      resumeIdentityChanges(this.#deps, { age: handles }),
    ])
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      this.#deps.log.warn({ err: outcome.reason }, 'what was left under way was not looked for')
    }
    if (outcomes.every((one) => one.status === 'fulfilled' && one.value === 0)) {
      this.#pause = INTERVAL_MS
    }
    if (!this.#stopped) this.#cancel = this.#timer(this.#pause, () => void this.#look(false))
    this.#pause = Math.min(2 * this.#pause, MAX_INTERVAL_MS)
  }
}
