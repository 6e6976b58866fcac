import { expect, it } from 'vitest'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

it.each([
  ['Alice.Test', 'alice.test'],
  ['@alice.test', 'alice.test'],
  ['  @alice.test\n', 'alice.test'],
  ['\u2068@alice.test\u2069', 'alice.test'],
  ['\u202aalice.test\u202c', 'alice.test'],
  ['alice\u200b.test\ufeff', 'alice.test'],
  ['＠alice.test', 'alice.test'],
  ['Alice@Example.com ', 'alice@example.com'],
  ['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'],
  ['ünïcode.test', 'ünïcode.test'],
  ['@@alice.test', '@alice.test'],
  ['', ''],
])('an identifier is read as meant: %j', (text, expected) => {
  expect(normalizeIdentifier(text)).toBe(expected)
})
