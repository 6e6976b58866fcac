/** Where a Jetstream client begins. Cursors are inclusive: the first event that is sent may have that very seq. */
import { invalidRequest } from '#src/errors.ts'

/** As in the metrics of Jetstream. */
export type CursorMode = 'live' | 'time_us' | 'clamped'

export interface StartPosition {
  /** Seq: only later events; undefined for those from now on. */
  after: number | undefined
  mode: CursorMode
  /** Whether events that the client asked for are no longer there. */
  isOutdated: boolean
}

/**
 * A cursor is a time in microseconds, which a seq is too. One in the future means from now on, one older than the log
 * means from the oldest event. Throws 400 InvalidRequest.
 */
export function startPosition(
  cursor: string | null,
  { first, head }: { first: number; head: number },
): StartPosition {
  if (!cursor) return { after: undefined, mode: 'live', isOutdated: false }
  const from = /^\+?\d+$/.test(cursor) ? Number(cursor) : Number.NaN
  if (Number.isNaN(from) || BigInt(cursor.replace('+', '')) >= 2n ** 63n) {
    throw invalidRequest(`invalid cursor: ${JSON.stringify(cursor)}`)
  }
  if (from > head) return { after: undefined, mode: 'clamped', isOutdated: false }
  // There is no event before 1, so nothing is missing if the log has it.
  if (Math.max(from, 1) < first) return { after: first - 1, mode: 'clamped', isOutdated: true }
  return { after: from - 1, mode: 'time_us', isOutdated: false }
}
