/** Which archives of an account are kept: of the newest 7 days, 4 weeks and 12 months that have one, the last of each. */
import { timeOf } from '#src/archive/keys.ts'

export interface Retention {
  daily: number
  weekly: number
  monthly: number
}

const DAY_MS = 24 * 60 * 60 * 1000
const WEEK_MS = 7 * DAY_MS
/** 1970-01-01 was a Thursday. */
const MONDAY_MS = 3 * DAY_MS

/** The newest is always kept. */
export function keptArchives(archives: readonly string[], retention: Retention): Set<string> {
  const newestFirst = archives
    .filter((name) => timeOf(name) !== undefined)
    .toSorted()
    .reverse()
  const kept = new Set(newestFirst.slice(0, 1))
  const keep = (count: number, period: (time: number) => string | number) => {
    const seen = new Set<string | number>()
    for (const name of newestFirst) {
      const of = period(timeOf(name)!)
      if (seen.has(of)) continue
      if (seen.size === count) return
      seen.add(of)
      kept.add(name)
    }
  }
  keep(retention.daily, (time) => Math.floor(time / DAY_MS))
  keep(retention.weekly, (time) => Math.floor((time + MONDAY_MS) / WEEK_MS))
  keep(retention.monthly, (time) => new Date(time).toISOString().slice(0, 7))
  return kept
}
