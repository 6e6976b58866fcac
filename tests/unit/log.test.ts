/** The form of log entries on a terminal; elsewhere they are pino's JSON. */
import { expect, it } from 'vitest'
import { formatEntry } from '#src/log.ts'

const time = new Date(2026, 0, 2, 3, 4, 5).getTime()

function format(fields: object): string {
  return formatEntry(JSON.stringify({ level: 30, time, ...fields }))
}

it('an entry is a line of time, level, message and fields', () => {
  const fields = { did: 'did:plc:abc', seq: 7, reason: 'two words', crawlers: ['a', 'b'] }
  expect(format({ msg: 'account deleted', ...fields })).toBe(
    '03:04:05 INFO  account deleted did=did:plc:abc seq=7 reason="two words" crawlers=["a","b"]',
  )
})

it.each([
  [{ method: 'com.atproto.sync.getRepo' }, 'com.atproto.sync.getRepo 200 13 ms'],
  [{ verb: 'GET', path: '/account' }, 'GET /account 200 13 ms'],
])('a request %o is a short line', (target, line) => {
  const fields = { level: 20, msg: 'xrpc', id: 'abc', ...target, status: 200, ms: 12.7 }
  expect(format(fields)).toBe(`03:04:05 ${line}`)
})

it('an error is followed by its indented stack', () => {
  const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at somewhere' }
  expect(format({ level: 50, msg: 'request failed', err })).toBe(
    '03:04:05 ERROR request failed\n    Error: no\n        at somewhere',
  )
})

it('control characters in a message or a field do not reach the terminal', () => {
  const line = format({ msg: 'a\u001b[2J', path: '/\u009b31m', note: '\u001b]0;x\u0007 y' })
  expect(line).not.toMatch(/[^\P{Cc}\n]/u)
})
