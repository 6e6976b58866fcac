import { expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { addReminder, removeReminders } from '#src/directory/reminders.ts'
import { findRepoState } from '#src/directory/repo-states.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { confirmation, newKey, testDirectory } from '#tests/support/test-directory.ts'

const did = 'did:plc:alice'
const names = { did, handle: 'alice.test', email: 'alice@example.com', ...newKey }

it('getRepoState says that an account may have events from before it stores one until it sleeps', async () => {
  const directory = testDirectory()
  await reserveAccount(directory, names)
  expect(await findRepoState(directory, { did })).toBeNull()
  await confirmAccount(directory, { did, ...confirmation })
  expect(await findRepoState(directory, { did })).toEqual({ status: 'active', mayHaveEvents: true })
  await removeReminders(directory, { dids: [did] })
  expect(await findRepoState(directory, { did })).toEqual({
    status: 'active',
    mayHaveEvents: false,
  })
  await addReminder(directory, { did })
  expect(await findRepoState(directory, { did })).toMatchObject({ mayHaveEvents: true })
})

it('getRepoState has the status that the account last pushed', async () => {
  const directory = testDirectory()
  await reserveAccount(directory, names)
  await confirmAccount(directory, { did, ...confirmation })
  for (const status of ['takendown', 'suspended', 'deactivated', 'active'] as const) {
    await setState(directory, { did, status, deleteAfter: null })
    expect(await findRepoState(directory, { did })).toMatchObject({ status })
  }
})

it('getRepoState of an unknown account is null', async () => {
  expect(await findRepoState(testDirectory(), { did: 'did:plc:bob' })).toBeNull()
})
