/** Waiting. */
import { setTimeout as wait } from 'node:timers/promises'

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return wait(ms)
}

/** The outcome of `work`, good or bad, no sooner than after `ms` milliseconds. */
export async function atLeast<T>(ms: number, work: Promise<T>): Promise<T> {
  await Promise.allSettled([work, wait(ms)])
  return work
}
