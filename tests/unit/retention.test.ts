import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expired, parseRetention } from '#src/retention.ts'

const DAY_MS = 86_400_000

const made = (...days: string[]) => days.map((id) => ({ id, at: Date.parse(`${id}T03:00:00Z`) }))
const daily = (from: string, count: number) => {
  const first = Date.parse(from)
  const days = Array.from({ length: count }, (_, i) => new Date(first + i * DAY_MS))
  return made(...days.map((day) => day.toISOString().slice(0, 10)))
}
const keptOf = (all: { id: string; at: number }[], rule: string) => {
  const gone = expired(all, parseRetention(rule)!)
  return all.map(({ id }) => id).filter((id) => !gone.includes(id))
}

describe('retention', () => {
  it('keeps the newest of each day, week and month, as many as were named', () => {
    // 2026-11-30 is a Monday.
    const kept = keptOf(daily('2026-09-01', 91), '3d2w3m')
    expect(kept).toEqual(['2026-09-30', '2026-10-31', '2026-11-28', '2026-11-29', '2026-11-30'])
    expect(keptOf(daily('2026-01-01', 365), '7d4w12m')).toEqual([
      ...['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31', '2026-06-30'],
      ...['2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31', '2026-11-30'],
      ...['2026-12-13', '2026-12-20', '2026-12-25', '2026-12-26', '2026-12-27'],
      ...['2026-12-28', '2026-12-29', '2026-12-30', '2026-12-31'],
    ])
  })

  it('counts days that have one, so that nothing is deleted after a pause of months', () => {
    const all = made('2024-01-01', '2025-06-01', '2026-11-30')
    expect(keptOf(all, '3d')).toEqual(all.map(({ id }) => id))
  })

  it('keeps the newest, whatever the rule', () => {
    expect(keptOf(made('2026-11-29', '2026-11-30'), '1m')).toEqual(['2026-11-30'])
    const sameDay = [
      { id: 'a', at: 1 },
      { id: 'b', at: 2 },
    ]
    expect(expired(sameDay, { daily: 1, weekly: 0, monthly: 0 })).toEqual(['a'])
  })

  it('keeps at most as many as the rule counts, and the same if asked again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 * 24 }), { maxLength: 300 }), (hours) => {
        const all = [...new Set(hours)].map((hour) => ({ id: `${hour}`, at: hour * 3_600_000 }))
        const kept = keptOf(all, '7d4w12m')
        expect(kept.length).toBeLessThanOrEqual(23)
        const left = all.filter(({ id }) => kept.includes(id))
        expect(keptOf(left, '7d4w12m')).toEqual(kept)
      }),
    )
  })

  it('never deletes what later days would keep', () => {
    // Deleting each day what is not kept leaves the same as deciding at the end.
    const all = daily('2026-01-01', 500)
    let left: typeof all = []
    for (const one of all) {
      const kept = keptOf([...left, one], '7d4w12m')
      left = [...left, one].filter(({ id }) => kept.includes(id))
    }
    expect(left.map(({ id }) => id)).toEqual(keptOf(all, '7d4w12m'))
  })

  it.each(['', '0d', '7', 'd', '4w7d', '7d ', '-1d', '1y'])('%j is no rule', (text) => {
    expect(parseRetention(text)).toBeUndefined()
  })
})
