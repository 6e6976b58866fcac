/** The reminder of an account with undelivered events: when it is asked for, and when it may go. */
import { expect, test } from 'vitest'
import { closeOutboxes, Reminder } from '#src/account/reminder.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

function counted() {
  let asked = 0
  const reminder = new Reminder(async () => void asked++)
  return { reminder, asked: () => asked }
}

test('an account asks for one reminder, and for another one after it was closed', async () => {
  const { reminder, asked } = counted()
  await reminder.ensure()
  await reminder.ensure()
  expect(asked()).toBe(1)
  reminder.close()
  await reminder.ensure()
  expect(asked()).toBe(2)
})

test('a reminder that arrives is asked for again, so that it is of this process', async () => {
  const { reminder, asked } = counted()
  await reminder.ensure()
  await reminder.renew()
  expect(asked()).toBe(2)
  expect(reminder.close()).toBe(true)
})

test('a reminder that the directory has stored is not asked for', async () => {
  const { reminder, asked } = counted()
  reminder.hold()
  await reminder.ensure()
  expect(asked()).toBe(0)
  expect(reminder.close()).toBe(true)
  expect(reminder.close()).toBe(false)
})

test('an event after the account was closed asks for a reminder, also if one was asked for meanwhile', async () => {
  const gate = Promise.withResolvers<void>()
  let asked = 0
  const reminder = new Reminder(() => {
    asked++
    return gate.promise
  })
  const renewed = reminder.renew()
  reminder.close()
  gate.resolve()
  await renewed
  await reminder.ensure()
  await reminder.ensure()
  expect(asked).toBe(2)
})

test('an account asks for a reminder again if the directory did not take it', async () => {
  let attempts = 0
  const reminder = new Reminder(async () => {
    if (attempts++ === 0) throw new Error('the directory is away')
  })
  await expect(reminder.ensure()).rejects.toThrow('the directory is away')
  expect(reminder.close()).toBe(false)
  await reminder.ensure()
  expect(attempts).toBe(2)
})

test('a reminder is unneeded only if one was requested and everything was delivered', async () => {
  const quiet = await openTestAccount()
  await quiet.privateOutbox.settled()
  await quiet.outbox.settled()
  expect(closeOutboxes(quiet)).toBe(false)
  const collection = 'com.example.thing'
  const busy = await openTestAccount()
  await createRecord(busy, { collection, record: { $type: collection } })
  await busy.outbox.settled()
  expect(closeOutboxes(busy)).toBe(true)
  expect(closeOutboxes(busy)).toBe(false)
})
