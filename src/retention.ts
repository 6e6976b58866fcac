/** Which archives of an account, or backups, are kept: the newest of each of so many days, weeks and months with one. */

export interface Retention {
  daily: number
  weekly: number
  monthly: number
}

/** Reads `7d4w12m`: 7 days, 4 weeks and 12 months. Undefined if it is no such rule. */
export function parseRetention(text: string): Retention | undefined {
  const [whole, d, w, m] = /^(?:(\d{1,4})d)?(?:(\d{1,4})w)?(?:(\d{1,4})m)?$/.exec(text) ?? []
  if (!whole) return undefined
  const rule = { daily: Number(d ?? 0), weekly: Number(w ?? 0), monthly: Number(m ?? 0) }
  return rule.daily + rule.weekly + rule.monthly > 0 ? rule : undefined
}

/** A complete one. */
interface Kept {
  id: string
  /** When it was begun. */
  at: number
}

/** Those to be deleted, the oldest first: never the newest. */
export function expired(all: readonly Kept[], rule: Retention): string[] {
  const newestFirst = all.toSorted((a, b) => b.at - a.at)
  const kept = new Set(newestFirst.slice(0, 1))
  for (const period of ['daily', 'weekly', 'monthly'] as const) {
    const seen = new Set<string>()
    for (const one of newestFirst) {
      const name = periodOf(one.at, period)
      if (seen.has(name)) continue
      if (seen.size === rule[period]) break
      seen.add(name)
      kept.add(one)
    }
  }
  return newestFirst
    .filter((one) => !kept.has(one))
    .map(({ id }) => id)
    .reverse()
}

const DAY_MS = 24 * 60 * 60 * 1000

/** UTC; weeks begin on Monday. */
function periodOf(time: number, period: keyof Retention): string {
  const iso = new Date(time).toISOString()
  if (period === 'daily') return iso.slice(0, 10)
  if (period === 'monthly') return iso.slice(0, 7)
  // 1970 began with a Thursday.
  return String(Math.floor((time / DAY_MS + 3) / 7))
}
