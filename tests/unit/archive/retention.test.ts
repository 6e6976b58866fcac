import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { archiveName, timeOf } from '#src/archive/keys.ts'
import { keptArchives } from '#src/archive/retention.ts'

const DAY_MS = 24 * 3_600_000
const retention = { daily: 7, weekly: 4, monthly: 12 }
const rev = '3kaaaaaaaaa22'
const start = Date.parse('2026-01-01T03:00:00Z')

const daily = (days: number) =>
  Array.from({ length: days }, (_, i) => archiveName(start + i * DAY_MS, rev))

const dates = (names: Iterable<string>) =>
  [...names].toSorted().map((name) => new Date(timeOf(name)!).toISOString().slice(0, 10))

describe('retention', () => {
  it('keeps the last of 7 days, 4 weeks and 12 months', () => {
    expect(dates(keptArchives(daily(365), retention))).toEqual([
      ...['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31', '2026-06-30'],
      ...['2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31', '2026-11-30'],
      ...['2026-12-13', '2026-12-20', '2026-12-25', '2026-12-26', '2026-12-27'],
      ...['2026-12-28', '2026-12-29', '2026-12-30', '2026-12-31'],
    ])
  })

  it('of an account that is seldom written to keeps all, however old', () => {
    const yearly = [0, 400, 800].map((day) => archiveName(start + day * DAY_MS, rev))
    expect(keptArchives(yearly, retention).size).toBe(3)
  })

  it('keeps the newest, at most 23, and the same if asked again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 * 24 }), { maxLength: 300 }), (hours) => {
        const names = [...new Set(hours)].map((hour) => archiveName(start + hour * 3_600_000, rev))
        const kept = keptArchives(names, retention)
        expect(kept.size).toBeLessThanOrEqual(23)
        const newest = names.toSorted().at(-1)
        if (newest !== undefined) expect(kept.has(newest)).toBe(true)
        expect(keptArchives([...kept], retention)).toEqual(kept)
      }),
    )
  })

  it('never deletes what later days would keep', () => {
    // Deleting each day what is not kept leaves the same as deciding at the end.
    let left: string[] = []
    for (const name of daily(500)) left = [...keptArchives([...left, name], retention)]
    expect(new Set(left)).toEqual(keptArchives(daily(500), retention))
  })
})
