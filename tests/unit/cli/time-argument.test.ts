import { expect, it } from 'vitest'
import { parseTime } from '#src/cli/time-argument.ts'

const now = Date.parse('2026-06-15T12:00:00Z')

it('the command line takes ISO 8601 times, dates and durations before or after now', () => {
  const parse = (text: string) => parseTime('--until', text, 'before now', now)
  expect(parse('2026-01-31T12:00:00+02:00')).toBe('2026-01-31T10:00:00.000Z')
  expect(parse('2026-01-31')).toBe('2026-01-31T00:00:00.000Z')
  expect(parse('90m')).toBe('2026-06-15T10:30:00.000Z')
  expect(parseTime('--expires', '2d', 'after now', now)).toBe('2026-06-17T12:00:00.000Z')
})

it.each(['', 'soon', '2w', '-1h', '100000d', '2026-13-01'])(
  'the command line refuses %j as a time, and names the option',
  (text) => {
    expect(() => parseTime('--expires', text, 'after now')).toThrow('--expires is not a time')
  },
)
