import { expect, it } from 'vitest'
import {
  endOperatorSession,
  hasOperatorSessionEnded,
  MAX_ENDED_SESSIONS,
} from '#src/directory/operator-sessions.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

const HOUR_MS = 3_600_000

it('a session that was signed out has ended, and no other one', async () => {
  const directory = testDirectory()
  const expiresAt = directory.clock.time + HOUR_MS
  await endOperatorSession(directory, { hash: 'one', expiresAt })
  await endOperatorSession(directory, { hash: 'one', expiresAt })
  expect(await hasOperatorSessionEnded(directory, { hash: 'one', expiresAt })).toBe(true)
  expect(await hasOperatorSessionEnded(directory, { hash: 'two', expiresAt })).toBe(false)
})

it('what is stored is bounded, and what was signed out stays so until it expires', async () => {
  const directory = testDirectory()
  const begun = directory.clock.time
  const session = (n: number) => ({ hash: `${n}`, expiresAt: begun + n + HOUR_MS })
  for (let n = 0; n <= MAX_ENDED_SESSIONS; n++) await endOperatorSession(directory, session(n))
  for (const n of [0, 7, MAX_ENDED_SESSIONS]) {
    expect(await hasOperatorSessionEnded(directory, session(n))).toBe(true)
  }
  const later = session(MAX_ENDED_SESSIONS + 1)
  expect(await hasOperatorSessionEnded(directory, later)).toBe(false)
  const rows = await directory.sql.all<{ value: string }>('SELECT value FROM setting')
  expect(rows.map(({ value }) => value.length)).toEqual([expect.any(Number)])
  expect(rows[0]!.value.length).toBeLessThan(100)
})
