/** An account that gets its reminder. */
import { expect, it } from 'vitest'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { remind } from '#src/account/remind.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'

it('an account that gets its reminder delivers what waits, and the reminder is its own', async () => {
  const first = await openTestAccount()
  first.outbox.close()
  await createRecord(first, { collection, record: { $type: collection } })
  const account = await openTestAccount({ sql: first.sql })
  await remind(account)
  await account.outbox.settled()
  expect(account.delivered).toHaveLength(1)
  expect(closeOutboxes(account)).toBe(true)
})

it('a deleted account leaves its reminder to the directory', async () => {
  const first = await openTestAccount()
  await deleteAccount(first)
  const account = await openTestAccount({ sql: first.sql })
  await remind(account)
  await account.outbox.settled()
  await account.privateOutbox.settled()
  expect(closeOutboxes(account)).toBe(false)
})
