/** searchAccounts: by a part of the email or the handle, page after page. */
import { beforeEach, expect, test } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  getAccountInfos as describeAccounts,
  searchAccounts,
} from '#src/directory/search-accounts.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

let directory: TestDirectory

async function account(name: string, email: string, isConfirmed = true): Promise<void> {
  directory.clock.time += 1000
  const did = `did:plc:${name}`
  await reserveAccount(directory, { did, handle: `${name}.test`, email, ...newKey })
  if (isConfirmed) await confirmAccount(directory, { did, ...confirmation })
}

beforeEach(async () => {
  directory = testDirectory()
  await account('alice', 'alice@example.com')
  await account('bob', 'bob@example.org')
  await account('malice', 'm_100%@example.com')
  await account('carol', 'carol@example.com', false)
})

async function found(text?: string): Promise<string[]> {
  const { accounts } = await searchAccounts(directory, {
    ...(text !== undefined && { text }),
    limit: 50,
  })
  return accounts.map(({ handle }) => handle)
}

test('finds by a part of the handle or of the email, in any case of letters', async () => {
  expect(await found('LICE')).toEqual(['alice.test', 'malice.test'])
  expect(await found('example.ORG')).toEqual(['bob.test'])
  expect(await found('did:plc:bob')).toEqual(['bob.test'])
})

test('does not know accounts whose deletion is not over', async () => {
  await setState(directory, { did: 'did:plc:bob', status: 'deleted', deleteAfter: null })
  expect(await found()).toEqual(['alice.test', 'malice.test'])
  expect(await describeAccounts(directory, { dids: ['did:plc:bob'] })).toEqual([])
})

test('takes no part of a text for a pattern', async () => {
  expect(await found('_100%')).toEqual(['malice.test'])
  expect(await found('%')).toEqual(['malice.test'])
  expect(await found("'; --")).toEqual([])
})

test('finds everybody without a text, but nobody who is only being created', async () => {
  expect(await found()).toEqual(['alice.test', 'bob.test', 'malice.test'])
})

test('ends with a page without a cursor', async () => {
  const first = await searchAccounts(directory, { limit: 2 })
  expect(first.accounts.map(({ handle }) => handle)).toEqual(['alice.test', 'bob.test'])
  const second = await searchAccounts(directory, { limit: 2, cursor: first.cursor! })
  expect(second.accounts.map(({ handle }) => handle)).toEqual(['malice.test'])
  expect(second.cursor).toBeUndefined()
  const exact = await searchAccounts(directory, { limit: 3 })
  expect(exact.cursor).toBeUndefined()
})

test('refuses a cursor that it did not give', async () => {
  const asked = searchAccounts(directory, { limit: 1, cursor: 'tomorrow' })
  await expect(asked).rejects.toMatchObject({ status: 400, message: 'Malformed cursor' })
})

test('tells of named accounts in the order of their names, once each', async () => {
  const dids = ['did:plc:bob', 'did:plc:nobody', 'did:plc:alice', 'did:plc:bob', 'did:plc:carol']
  const accounts = await describeAccounts(directory, { dids })
  expect(accounts.map(({ did }) => did)).toEqual(['did:plc:bob', 'did:plc:alice'])
  expect(accounts[1]).toMatchObject({ email: 'alice@example.com', status: 'active' })
})
