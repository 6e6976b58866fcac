import { expect, it } from 'vitest'
import { startPosition } from '#src/gateway/jetstream/cursor.ts'

const bounds = { first: 1_000, head: 2_000 }

it.each([
  [null, undefined, 'live', false],
  ['', undefined, 'live', false],
  ['2001', undefined, 'clamped', false],
  ['99999999999999999', undefined, 'clamped', false],
  ['2000', 1_999, 'time_us', false],
  ['1000', 999, 'time_us', false],
  ['+1500', 1_499, 'time_us', false],
  ['999', 999, 'clamped', true],
  ['0', 999, 'clamped', true],
])('the cursor %j begins after %s: %s', (cursor, after, mode, isOutdated) => {
  expect(startPosition(cursor, bounds)).toEqual({ after, mode, isOutdated })
})

it('a cursor of 0 is not outdated as long as nothing has left the log', () => {
  const start = startPosition('0', { first: 1, head: 2_000 })
  expect(start).toMatchObject({ isOutdated: false })
})

it.each(['abc', '-1', '1.5', '1e3', ' 1', '9223372036854775808'])('%j is refused', (cursor) => {
  expect(() => startPosition(cursor, bounds)).toThrow('invalid cursor')
})
