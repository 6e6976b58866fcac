/** Delays as promises. */
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises'

export function pause(ms: number): Promise<void> {
  return wait(ms)
}

/** Resolves after other work that waits has had its turn. */
export function nextTurn(): Promise<void> {
  return immediate()
}

/** Settles like `work`, but no sooner than after `ms` milliseconds. */
export async function atLeast<T>(ms: number, work: Promise<T>): Promise<T> {
  await Promise.allSettled([work, wait(ms)])
  return work
}
