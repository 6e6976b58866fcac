/** Delays as promises. */
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises'

export function pause(ms: number): Promise<void> {
  return wait(ms)
}

/**
 * After work that began at `began` (ms of `performance.now()`): waits `times` as long as it took, at most `maxMs`, so that
 * other work has its share of the time.
 */
export function restAfter(
  began: number,
  { times, maxMs }: { times: number; maxMs: number },
): Promise<void> {
  return pause(Math.min(times * (performance.now() - began), maxMs))
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
