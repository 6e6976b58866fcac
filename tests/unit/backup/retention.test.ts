import { describe, expect, it } from 'vitest'
import { expired, parseRetention } from '#src/backup/retention.ts'

const backups = (...days: string[]) => days.map((id) => ({ id, at: Date.parse(`${id}T03:00:00Z`) }))
const daily = (from: string, count: number) => {
  const first = Date.parse(from)
  const days = Array.from({ length: count }, (_, i) => new Date(first + i * 86_400_000))
  return backups(...days.map((day) => day.toISOString().slice(0, 10)))
}
const keptOf = (all: ReturnType<typeof backups>, rule: string) => {
  const gone = expired(all, parseRetention(rule)!)
  return all.map(({ id }) => id).filter((id) => !gone.includes(id))
}

describe('retention', () => {
  it('keeps the newest of each day, week and month, as many as were named', () => {
    // 2026-11-30 is a Monday.
    const kept = keptOf(daily('2026-09-01', 91), '3d2w3m')
    expect(kept).toEqual(['2026-09-30', '2026-10-31', '2026-11-28', '2026-11-29', '2026-11-30'])
  })

  it('counts days with a backup, so that after a pause of months no backup is deleted', () => {
    const all = backups('2025-01-01', '2025-06-01', '2026-11-30')
    expect(keptOf(all, '3d')).toEqual(all.map(({ id }) => id))
  })

  it('keeps the newest, whatever the rule', () => {
    expect(keptOf(backups('2026-11-29', '2026-11-30'), '1m')).toEqual(['2026-11-30'])
    const sameDay = [
      { id: 'a', at: 1 },
      { id: 'b', at: 2 },
    ]
    expect(expired(sameDay, { d: 1, w: 0, m: 0 })).toEqual(['a'])
  })

  it.each(['', '0d', '7', 'd', '4w7d', '7d ', '-1d', '1y'])('%j is no rule', (text) => {
    expect(parseRetention(text)).toBeUndefined()
  })
})
