import { expect, it } from 'vitest'
import { mustBeWithin } from '#src/protocol/json-bounds.ts'

const bounds = { depth: 2, values: 6, items: 3, letters: 4, longStrings: ['scope'] }

it.each([
  ['two levels', { a: [1, 2, 3] }],
  ['six values', [1, 2, { a: 1, b: 2 }]],
  ['a long string that may be long', { scope: 'a long one' }],
  ['no value', undefined],
])('a JSON value with %s is within its bounds', (_, value) => {
  expect(() => mustBeWithin(value, bounds)).not.toThrow()
})

it.each([
  ['three levels', [[[]]], 'more than 2 levels'],
  ['seven values', [1, 2, { a: 1, b: 2, c: 3 }], 'more than 6 values'],
  ['four items', { a: [1, 2, 3, 4] }, 'an array of more than 3 items'],
  ['a long string', { name: 'letters' }, 'a string of more than 4 characters'],
  ['a long string in an array', ['letters'], 'a string of more than 4 characters'],
])('a JSON value with %s is beyond its bounds', (_, value, reason) => {
  expect(() => mustBeWithin(value, bounds)).toThrow(new RangeError(reason))
})
