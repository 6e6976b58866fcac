/** The TIDs of one account: after its own last one, and after the one that it is asked to follow. */
import { expect, test } from 'vitest'
import { TidClock } from '#src/account/tid-clock.ts'
import { tid, tidMicros } from '#src/protocol/tid.ts'

const nowMs = 1_764_418_080_123
const now = nowMs * 1000

test('TidClock gives the time, and one microsecond more each time in the same moment', () => {
  const tids = new TidClock('did:web:a.test', { now: () => nowMs })
  expect([tids.next(), tids.next(), tids.next(null)].map(tidMicros)).toEqual([
    now,
    now + 1,
    now + 2,
  ])
})

test.each([
  ['before its last one', -5, now + 1],
  ['after its last one', 5, now + 6],
])('TidClock follows a TID %s', (_, after, expected) => {
  const tids = new TidClock('did:web:a.test', { now: () => nowMs })
  tids.next()
  expect(tidMicros(tids.next(tid(now + after, 0)))).toBe(expected)
})

test('TidClock follows a TID that is ahead of the clock from the beginning', () => {
  const tids = new TidClock('did:web:a.test', { now: () => nowMs })
  expect(tidMicros(tids.next(tid(now + 5, 0)))).toBe(now + 6)
  expect(tidMicros(tids.next())).toBe(now + 7)
})

test('TidClock has a clock id of 10 bits, the same one for the same account', () => {
  const alphabet = '234567abcdefghijklmnopqrstuvwxyz'
  const clockIdOf = (did: string) => {
    const [high, low] = new TidClock(did, { now: () => nowMs }).next().slice(11)
    return alphabet.indexOf(high!) * 32 + alphabet.indexOf(low!)
  }
  const clockIds = Array.from({ length: 50 }, (_, n) => clockIdOf(`did:web:${n}.test`))
  expect(clockIds.reduce((bits, clockId) => bits | clockId)).toBe(1023)
  expect(new Set(clockIds).size).toBeGreaterThan(40)
  expect(clockIdOf('did:web:0.test')).toBe(clockIds[0])
})
