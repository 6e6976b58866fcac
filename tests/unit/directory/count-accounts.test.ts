import { expect, it } from 'vitest'
import { countAccounts } from '#src/directory/count-accounts.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

it('accounts are counted by state, without reservations', async () => {
  const directory = testDirectory()
  expect(await countAccounts(directory)).toEqual({ accounts: {}, reminders: 0 })
  const insert = (did: string, status: string, until: number | null) => ({
    sql: 'INSERT INTO account (did, handle, status, reserved_until, created_at) VALUES (?, ?, ?, ?, 1)',
    params: [did, `${did}.test`, status, until],
  })
  await directory.sql.batch([
    insert('a', 'active', null),
    insert('b', 'active', null),
    insert('c', 'takendown', null),
    insert('d', 'active', 9_999),
    { sql: 'INSERT INTO reminder (did) VALUES (?)', params: ['a'] },
  ])
  const counted = { accounts: { active: 2, takendown: 1 }, reminders: 1 }
  expect(await countAccounts(directory)).toEqual(counted)
})
