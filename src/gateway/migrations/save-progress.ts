/** Saves the progress of a move while it runs, which also renews its claim. */
import type { Timer } from '#src/ports/timer.ts'

const SAVE_MS = 1_000
const RENEW_MS = 20_000

/** Every second if something has changed, and often enough to keep the claim. The function it returns stops that. */
export function savePeriodically(
  timer: Timer,
  progress: object,
  save: (change: { progress: object }) => Promise<void>,
): () => void {
  let isStopped = false
  let cancel = () => {}
  let last = JSON.stringify(progress)
  let unsavedMs = 0
  const round = async () => {
    const text = JSON.stringify(progress)
    unsavedMs += SAVE_MS
    if (text !== last || unsavedMs >= RENEW_MS) {
      ;[last, unsavedMs] = [text, 0]
      await save({ progress })
    }
    if (!isStopped) cancel = timer(SAVE_MS, () => void round())
  }
  cancel = timer(SAVE_MS, () => void round())
  return () => {
    isStopped = true
    cancel()
  }
}
