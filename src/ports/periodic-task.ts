/** Periodic tasks of a process. */
import type { Timer } from '#src/ports/timer.ts'

/**
 * Calls `run` after `firstMs`, and again after the delay in ms that it resolves with; it must not reject. The returned
 * function stops the task; a run in progress can check `isStopped`.
 */
export function startPeriodicTask(
  timer: Timer,
  run: (isStopped: () => boolean) => Promise<number>,
  { firstMs = 0 } = {},
): () => void {
  let stopped = false
  let cancel = () => {}
  const round = async () => {
    const nextMs = await run(() => stopped)
    if (!stopped) cancel = timer(nextMs, () => void round())
  }
  if (firstMs > 0) cancel = timer(firstMs, () => void round())
  else void round()
  return () => {
    stopped = true
    cancel()
  }
}
