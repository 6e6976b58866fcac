/** Waiting for something that nobody announces. */
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** Asks every 20 ms; false if it has not come true in time. */
export async function pollUntil(
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const end = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > end) return false
    await pause(POLL_MS)
  }
  return true
}
