import { expect, it } from 'vitest'
import { parseContentEncoding } from '#src/gateway/http/content-encoding.ts'

it.each([
  [undefined, []],
  ['', []],
  ['identity', []],
  ['Identity, gzip', ['gzip']],
  ['X-GZIP', ['gzip']],
  ['gzip, br', ['br', 'gzip']],
  ['deflate,,br,gzip', ['gzip', 'br', 'deflate']],
])('the Content-Encoding %j is decoded in the order %j', (header, encodings) => {
  expect(parseContentEncoding(header)).toEqual(encodings)
})

it.each(['zip', 'gzip, zip', 'br,br,br,br', 'constructor', '__proto__', 'toString'])(
  'the Content-Encoding %j is refused with 415',
  (header) => {
    expect(() => parseContentEncoding(header)).toThrow(expect.objectContaining({ status: 415 }))
  },
)
