import { s32encode, TID } from '@atproto/common-web'
import { isValidTid } from '@atproto/syntax'
import { expect, it } from 'vitest'
import { nextTid, tid, tidMicros } from '#src/protocol/tid.ts'
import { fixtureLines } from '#tests/support/fixtures.ts'

/** Microseconds around every place at which a digit more is used, and at the end of what a number can count. */
const times = [
  0,
  1,
  ...Array.from({ length: 10 }, (_, digits) => 32 ** (digits + 1)).flatMap((n) => [n - 1, n]),
  1_764_418_080_123_456,
  Number.MAX_SAFE_INTEGER,
]
const clockIds = [0, 1, 31, 32, 33, 1023]

it.each(times)(
  'tid of %i µs is that of @atproto/common-web, and is read as that time',
  (micros) => {
    for (const clockId of clockIds) {
      const text = tid(micros, clockId)
      const digits = [s32encode(micros).padStart(11, '2'), s32encode(clockId).padStart(2, '2')]
      expect(text).toBe(digits.join(''))
      expect(isValidTid(text)).toBe(true)
      expect(tidMicros(text)).toBe(micros)
      expect(TID.fromStr(text).timestamp()).toBe(micros)
      expect(TID.fromStr(text).clockid()).toBe(clockId)
    }
  },
)

it.each(fixtureLines('syntax/tid_syntax_valid.txt'))('tid makes %s of the time in it', (text) => {
  const { timestamp, clockid } = {
    timestamp: tidMicros(text),
    clockid: TID.fromStr(text).clockid(),
  }
  expect(timestamp).toBe(TID.fromStr(text).timestamp())
  expect(tid(timestamp, clockid)).toBe(text)
})

it('tid leaves out parts of a microsecond', () => {
  expect(tid(1_764_418_080_000.9, 0)).toBe(tid(1_764_418_080_000, 0))
})

it('tid leaves out what is above 10 bits of a clock id', () => {
  expect(tid(1, 1024 + 5)).toBe(tid(1, 5))
})

const nowMs = 1_764_418_080_123
const now = nowMs * 1000

it('nextTid is the time now where there was none before, or an earlier one', () => {
  expect(nextTid(nowMs, 7, null)).toBe(tid(now, 7))
  expect(nextTid(nowMs, 7, tid(now - 2, 1023))).toBe(tid(now, 7))
  expect(nextTid(nowMs, 7, tid(now - 1, 1023))).toBe(tid(now, 7))
})

it('nextTid is one microsecond after an earlier one that is not in the past', () => {
  expect(nextTid(nowMs, 7, tid(now, 0))).toBe(tid(now + 1, 7))
  expect(nextTid(nowMs, 7, tid(now, 1023))).toBe(tid(now + 1, 7))
  expect(nextTid(nowMs, 7, tid(now + 5_000_000, 3))).toBe(tid(now + 5_000_001, 7))
})

it('nextTid rises with every call, whatever the clock does', () => {
  let last: string | null = null
  for (const ms of [nowMs, nowMs, nowMs - 60_000, nowMs, nowMs + 1, nowMs + 1]) {
    const next = nextTid(ms, 1023, last)
    if (last !== null) expect(next > last).toBe(true)
    last = next
  }
})

it('nextTid at the beginning of 1970 is the first TID', () => {
  expect(nextTid(0, 0, null)).toBe(tid(0, 0))
})
