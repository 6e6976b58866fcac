import { expect, it } from 'vitest'
import {
  advanceTakeover,
  beginTakeover,
  clearTakeover,
  findAccount,
  putTakeoverAccounts,
  putTakeoverInvites,
  putTakeoverKeys,
} from '#src/directory/directory.ts'
import { checkInviteCode } from '#src/directory/invites.ts'
import { findReservedKey } from '#src/directory/reserved-keys.ts'
import { newKey, testDirectory } from '#tests/support/test-directory.ts'

const alice = {
  ...{ did: 'did:plc:alice', handle: 'alice.test', email: 'alice@example.com', status: 'active' },
  ...{ invitesDisabled: false, createdAt: 1, deleteAfter: null },
}
const bob = { ...alice, did: 'did:plc:bob', handle: 'bob.test', email: 'bob@example.com' }

it('nothing is added unless a takeover is open', async () => {
  const directory = testDirectory()
  const add = () => putTakeoverAccounts(directory, { accounts: [alice] })
  await expect(add()).rejects.toMatchObject({ status: 403 })
  expect(await beginTakeover(directory)).toBe('open')
  await add()
  await advanceTakeover(directory, { to: 'announcing' })
  await expect(add()).rejects.toMatchObject({ status: 403 })
  await expect(clearTakeover(directory)).rejects.toMatchObject({ status: 403 })
  await advanceTakeover(directory, { to: 'done' })
  expect(await beginTakeover(directory)).toBe('done')
})

it('a takeover does not begin on a server that has accounts', async () => {
  const directory = testDirectory()
  await directory.sql.batch([
    { sql: "INSERT INTO account (did, handle, status) VALUES ('did:plc:x', 'x.test', 'active')" },
  ])
  await expect(beginTakeover(directory)).rejects.toMatchObject({ status: 403 })
})

it('a takeover is not done before it announces', async () => {
  const directory = testDirectory()
  await beginTakeover(directory)
  await expect(advanceTakeover(directory, { to: 'done' })).rejects.toMatchObject({ status: 403 })
})

it('handles that two accounts have exchanged since the last pass are theirs', async () => {
  const directory = testDirectory()
  await beginTakeover(directory)
  await putTakeoverAccounts(directory, { accounts: [alice, bob] })
  expect(await findAccount(directory, { identifier: 'alice.test' })).toMatchObject({
    did: alice.did,
  })
  await clearTakeover(directory)
  const exchanged = [
    { ...alice, handle: bob.handle },
    { ...bob, handle: alice.handle },
  ]
  for (const _ of [1, 2]) await putTakeoverAccounts(directory, { accounts: exchanged })
  expect(await findAccount(directory, { identifier: 'alice.test' })).toMatchObject({ did: bob.did })
})

it('invite codes keep the uses that they had, and reserved keys their names', async () => {
  const directory = testDirectory()
  await beginTakeover(directory)
  const code = { availableUses: 1, disabled: false, forAccount: 'admin', createdBy: 'admin' }
  const createdAt = '2026-01-01T00:00:00.000Z'
  const codes = ['used', 'unused'].map((name) => ({ ...code, code: name, createdAt }))
  const uses = [{ code: 'used', usedBy: 'did:plc:old', usedAt: createdAt }]
  for (const _ of [1, 2]) await putTakeoverInvites(directory, { codes, uses })
  await checkInviteCode(directory, 'unused', 'did:plc:new', 1)
  await expect(checkInviteCode(directory, 'used', 'did:plc:new', 1)).rejects.toMatchObject({
    error: 'InvalidInviteCode',
  })
  await putTakeoverKeys(directory, { keys: [{ ...newKey, name: 'did:plc:coming' }] })
  expect(await findReservedKey(directory, { names: ['did:plc:coming'] })).toMatchObject(newKey)
})
