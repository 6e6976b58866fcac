/** searchAccounts: by a part of the email or the handle, page by page. */
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

test('searchAccounts matches a part of the handle or email, in any case', async () => {
  expect(await found('LICE')).toEqual(['alice.test', 'malice.test'])
  expect(await found('example.ORG')).toEqual(['bob.test'])
  expect(await found('did:plc:bob')).toEqual(['bob.test'])
})

test('searchAccounts leaves out accounts that are being deleted', async () => {
  await setState(directory, { did: 'did:plc:bob', status: 'deleted', deleteAfter: null })
  expect(await found()).toEqual(['alice.test', 'malice.test'])
  expect(await describeAccounts(directory, { dids: ['did:plc:bob'] })).toEqual([])
})

test('searchAccounts does not treat the query as a pattern', async () => {
  expect(await found('_100%')).toEqual(['malice.test'])
  expect(await found('%')).toEqual(['malice.test'])
  expect(await found("'; --")).toEqual([])
})

test('searchAccounts without a query returns every confirmed account', async () => {
  expect(await found()).toEqual(['alice.test', 'bob.test', 'malice.test'])
})

test('searchAccounts returns no cursor with the last page', async () => {
  const first = await searchAccounts(directory, { limit: 2 })
  expect(first.accounts.map(({ handle }) => handle)).toEqual(['alice.test', 'bob.test'])
  const second = await searchAccounts(directory, { limit: 2, cursor: first.cursor! })
  expect(second.accounts.map(({ handle }) => handle)).toEqual(['malice.test'])
  expect(second.cursor).toBeUndefined()
  const exact = await searchAccounts(directory, { limit: 3 })
  expect(exact.cursor).toBeUndefined()
})

test('searchAccounts rejects a cursor that it did not return', async () => {
  const attempt = searchAccounts(directory, { limit: 1, cursor: 'tomorrow' })
  await expect(attempt).rejects.toMatchObject({ status: 400, message: 'Malformed cursor' })
})

test('getAccountInfos returns accounts in the order of the query, each once', async () => {
  const dids = ['did:plc:bob', 'did:plc:nobody', 'did:plc:alice', 'did:plc:bob', 'did:plc:carol']
  const accounts = await describeAccounts(directory, { dids })
  expect(accounts.map(({ did }) => did)).toEqual(['did:plc:bob', 'did:plc:alice'])
  expect(accounts[1]).toMatchObject({ email: 'alice@example.com', status: 'active' })
})

test('accounts of one status only', async () => {
  await setState(directory, { did: 'did:plc:bob', status: 'takendown', deleteAfter: null })
  const search = async (status: string, text?: string) => {
    const query = { status, limit: 9, ...(text !== undefined && { text }) }
    return (await searchAccounts(directory, query)).accounts.map(({ handle }) => handle)
  }
  expect(await search('takendown')).toEqual(['bob.test'])
  expect(await search('takendown', 'alice')).toEqual([])
  expect(await search('active')).toEqual(['alice.test', 'malice.test'])
})
