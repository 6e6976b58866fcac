/** Moments of a history in URLs: a rev, or a time. */
import { isTid, tid, tidMicros } from '#src/protocol/tid.ts'

/** Of the state right before the commit with this rev. */
export function revBefore(rev: string): string {
  return tid(tidMicros(rev) - 1, 1023)
}

/** ISO 8601 of a rev or a time; undefined for neither. */
export function timeOfMoment(at: string): string | undefined {
  const ms = isTid(at) ? Math.floor(tidMicros(at) / 1000) : Date.parse(at)
  // The range of dates.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined
}
