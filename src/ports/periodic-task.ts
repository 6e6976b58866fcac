/** Work that is done again and again while a process runs. */
import type { Timer } from '#src/ports/timer.ts'

/**
 * Runs `run` after `firstMs`, and again as many ms after each end as it resolves with; it must not reject. The function
 * returned stops that; a run under way can ask `isStopped`.
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
