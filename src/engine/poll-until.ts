/** Waits for a condition by polling. */
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** Checks every 20 ms; false if the condition does not become true in time. */
export async function pollUntil(
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const end = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > end) return false
    await pause(POLL_MS)
  }
  return true
}
