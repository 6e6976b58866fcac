/** Changes of signing keys: begun for the admin, and taken up again where whoever began them died. */
import {
  type RotationDeps,
  resumeRotations,
  rotateSigningKey,
} from '#src/identity/rotate-signing-key.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

/** Longer than one takes: what is younger is somebody's who is still at it. */
const ABANDONED_MS = 120_000
const EVERY_MS = 60_000

export interface KeyRotations {
  /** com.atproto.admin.updateAccountSigningKey. */
  rotate(input: { did: string; signingKey: string }): Promise<void>
  /** Looks for abandoned ones, now and every minute, until `stop`. */
  watch(): void
  stop(): void
}

export function openKeyRotations(deps: RotationDeps, timer: Timer = systemTimer): KeyRotations {
  let cancel = () => {}
  let stopped = false

  async function look(): Promise<void> {
    try {
      await resumeRotations(deps, { age: ABANDONED_MS })
    } catch (error) {
      deps.log.warn({ err: error }, 'changes of signing keys were not looked for')
    }
    if (!stopped) cancel = timer(EVERY_MS, () => void look())
  }

  return {
    rotate: (input) => rotateSigningKey(deps, input),
    watch: () => void look(),
    stop() {
      stopped = true
      cancel()
    },
  }
}
