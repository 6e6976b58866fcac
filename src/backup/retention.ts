/** Which backups are kept: `7d4w12m` keeps the newest one of each of the last 7 days, 4 weeks and 12 months with one. */

export interface Retention {
  d: number
  w: number
  m: number
}

/** Undefined if it is no such rule. */
export function parseRetention(text: string): Retention | undefined {
  const [whole, d, w, m] = /^(?:(\d{1,4})d)?(?:(\d{1,4})w)?(?:(\d{1,4})m)?$/.exec(text) ?? []
  if (!whole) return undefined
  const rule = { d: Number(d ?? 0), w: Number(w ?? 0), m: Number(m ?? 0) }
  return rule.d + rule.w + rule.m > 0 ? rule : undefined
}

/** A complete backup; `at` is when it began. */
interface Kept {
  id: string
  at: number
}

/** Those to be deleted, the oldest first: never the newest. */
export function expired(backups: readonly Kept[], rule: Retention): string[] {
  const newestFirst = backups.toSorted((a, b) => b.at - a.at)
  const kept = new Set(newestFirst.slice(0, 1))
  for (const period of ['d', 'w', 'm'] as const) {
    const seen = new Set<string>()
    for (const backup of newestFirst) {
      const name = periodOf(backup.at, period)
      if (seen.has(name)) continue
      if (seen.size === rule[period]) break
      seen.add(name)
      kept.add(backup)
    }
  }
  return newestFirst
    .filter((backup) => !kept.has(backup))
    .map(({ id }) => id)
    .reverse()
}

const DAY_MS = 24 * 60 * 60 * 1000

/** UTC; weeks begin on Monday. */
function periodOf(time: number, period: keyof Retention): string {
  const iso = new Date(time).toISOString()
  if (period === 'd') return iso.slice(0, 10)
  if (period === 'm') return iso.slice(0, 7)
  // 1970 began with a Thursday.
  return String(Math.floor((time / DAY_MS + 3) / 7))
}
