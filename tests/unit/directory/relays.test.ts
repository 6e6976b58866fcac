import { expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { listCreatedAccounts } from '#src/directory/created-accounts.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import {
  findRelayStatuses,
  listAccountsToAsk,
  listRelayAccounts,
  MAX_KEPT,
  recordRelayAccounts,
} from '#src/directory/relay-accounts.ts'
import { listRelays, recordRelay, setRelayLimit } from '#src/directory/relays.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const url = 'https://relay.example.com'
const hour = 3_600_000
const day = 24 * hour
const settledMs = 60_000

const answer = {
  ...{ url, urls: [url], nextAt: 5, failures: 0, error: null },
  ...{ status: 'active', accounts: 543, seq: 7, lagMs: 20 },
}

/** DIDs are in the order of their names. */
const didOf = (name: string) => `did:plc:${name}`

async function create(directory: TestDirectory, name: string, network?: string): Promise<string> {
  const did = didOf(name)
  const names = { handle: `${name}.test`, email: null }
  await reserveAccount(directory, { did, ...names, ...newKey, ...(network && { network }) })
  await confirmAccount(directory, { did, ...confirmation })
  return did
}

async function asked(directory: TestDirectory, limit = 100) {
  const due = await listAccountsToAsk(directory, { url, limit, settledMs })
  return due.accounts.map(({ did }) => did.replace('did:plc:', ''))
}

/** Asks for all that are due, and stores `statusOf` each. */
async function ask(directory: TestDirectory, statusOf: (name: string) => string, limit = 100) {
  const due = await listAccountsToAsk(directory, { url, limit, settledMs })
  const accounts = due.accounts.map(({ did }) => {
    return { did, status: statusOf(did.replace('did:plc:', '')) }
  })
  const { did, createdAt } = due.accounts.findLast((account) => account.createdAt) ?? {}
  const newest = createdAt !== undefined && { newest: { did: did!, createdAt } }
  await recordRelayAccounts(directory, { url, accounts, ...newest, sampled: due.sampled })
  return accounts.length
}

it('a relay has what it last said, and the operator has entered', async () => {
  const directory = testDirectory()
  expect(await listRelays(directory, { urls: [url] })).toEqual([])
  await recordRelay(directory, answer)
  await setRelayLimit(directory, { url, limit: 1_000 })
  const relay = {
    ...{ url, askedAt: directory.clock.now(), nextAt: 5, failures: 0, error: null },
    ...{ status: 'active', accounts: 543, seq: 7, lagMs: 20, accountLimit: 1_000, asked: {} },
  }
  expect(await listRelays(directory, { urls: [url] })).toEqual([relay])
  await recordRelay(directory, { ...answer, failures: 1, error: 'gone', status: null })
  const [failed] = await listRelays(directory, { urls: [url] })
  expect(failed).toMatchObject({ failures: 1, error: 'gone', status: null, accountLimit: 1_000 })
})

it('relays that are not configured any more are forgotten, with their accounts', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  await create(directory, 'amy')
  directory.clock.time += settledMs
  await ask(directory, () => 'throttled')
  const other = 'https://other.example.com'
  await recordRelay(directory, { ...answer, url: other, urls: [other] })
  expect((await listRelays(directory, { urls: [url, other] })).map((of) => of.url)).toEqual([other])
  expect(await directory.sql.all('SELECT * FROM relay_account')).toEqual([])
})

it('a relay is asked for each new account once, after it has had time to hear of it', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  await create(directory, 'zoe')
  directory.clock.time += 1
  await create(directory, 'amy')
  expect(await asked(directory)).toEqual([])
  directory.clock.time += settledMs
  expect(await asked(directory)).toEqual(['zoe', 'amy'])
  expect(await ask(directory, () => 'active', 1)).toBe(1)
  expect(await asked(directory)).toEqual(['amy'])
  await ask(directory, () => 'active')
  expect(await asked(directory)).toEqual([])
  const [relay] = await listRelays(directory, { urls: [url] })
  expect(relay!.asked).toEqual({ active: 2 })
})

it('a relay is asked again after an hour for accounts that are not active there', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  for (const name of ['amy', 'ben', 'cat']) await create(directory, name)
  directory.clock.time += settledMs
  await ask(directory, (name) => ({ amy: 'active', ben: 'throttled' })[name] ?? 'absent')
  directory.clock.time += hour - 1
  expect(await asked(directory)).toEqual([])
  directory.clock.time += 1
  expect((await asked(directory)).sort()).toEqual(['ben', 'cat'])
  await ask(directory, () => 'active')
  expect((await listRelays(directory, { urls: [url] }))[0]!.asked).toEqual({ active: 3 })
})

it('a relay is asked for older accounts in turn, each at most once a day', async () => {
  const directory = testDirectory()
  const names = ['amy', 'ben', 'cat', 'dan', 'eve']
  for (const name of names) await create(directory, name)
  directory.clock.time += 31 * day
  await recordRelay(directory, answer)
  const rounds: string[][] = []
  for (let round = 0; round < 4; round++) {
    rounds.push(await asked(directory, 2))
    await ask(directory, () => 'active', 2)
  }
  expect(rounds).toEqual([['amy', 'ben'], ['cat', 'dan'], ['eve'], []])
  directory.clock.time += day
  expect(await asked(directory)).toEqual(names)
})

it('a relay is not asked for accounts that are deactivated or deleted here', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  for (const name of ['amy', 'ben', 'cat']) await create(directory, name)
  directory.clock.time += settledMs
  await ask(directory, () => 'throttled')
  const state = { deleteAfter: null }
  await setState(directory, { did: didOf('amy'), status: 'deactivated', ...state })
  await setState(directory, { did: didOf('ben'), status: 'deleted', ...state })
  await removeDeletedAccount(directory, { did: didOf('ben') })
  directory.clock.time += hour
  expect(await asked(directory)).toEqual(['cat'])
  expect((await listRelays(directory, { urls: [url] }))[0]!.asked).toEqual({ throttled: 1 })
  await recordRelayAccounts(directory, {
    url,
    accounts: [{ did: didOf('amy'), status: 'active' }],
  })
  expect((await listRelays(directory, { urls: [url] }))[0]!.asked).toEqual({ throttled: 1 })
})

it('accounts that are not active at a relay are listed in pages', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  for (const name of ['amy', 'ben', 'cat', 'dan']) await create(directory, name)
  directory.clock.time += settledMs
  const statuses: Record<string, string> = { amy: 'active', ben: 'throttled', cat: 'absent' }
  await ask(directory, (name) => statuses[name] ?? 'throttled')
  const first = await listRelayAccounts(directory, { url, limit: 2 })
  expect(first.accounts.map(({ handle, status }) => [handle, status])).toEqual([
    ['ben.test', 'throttled'],
    ['cat.test', 'absent'],
  ])
  const rest = await listRelayAccounts(directory, { url, limit: 2, cursor: first.cursor! })
  expect(rest.accounts.map(({ handle }) => handle)).toEqual(['dan.test'])
  const absent = await listRelayAccounts(directory, { url, limit: 9, status: 'absent' })
  expect(absent.accounts.map(({ handle }) => handle)).toEqual(['cat.test'])
  const dids = ['did:plc:amy', 'did:plc:cat', 'did:plc:unknown']
  expect(await findRelayStatuses(directory, { dids })).toEqual([
    { did: 'did:plc:amy', relay: url, status: 'active' },
    { did: 'did:plc:cat', relay: url, status: 'absent' },
  ])
})

it('a relay has a bounded number of accounts, of which active ones go first', async () => {
  const directory = testDirectory()
  await recordRelay(directory, answer)
  await directory.sql.batch([
    {
      sql: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= ?)
            INSERT INTO relay_account SELECT 'did:plc:' || i, ?, iif(i = 1, 'throttled', 'active'), i
            FROM n`,
      params: [MAX_KEPT, url],
    },
  ])
  await create(directory, 'amy')
  await recordRelayAccounts(directory, { url, accounts: [{ did: didOf('amy'), status: 'absent' }] })
  const [relay] = await listRelays(directory, { urls: [url] })
  expect(relay!.asked).toEqual({ absent: 1, active: MAX_KEPT - 2, throttled: 1 })
})

it('accounts are listed by when they were created, with the block that they came from for a month', async () => {
  const directory = testDirectory()
  const before = directory.clock.now()
  await create(directory, 'amy', '192.0.2.0/24')
  directory.clock.time += 1_000
  await create(directory, 'ben')
  await create(directory, 'cat', '2001:db8:1::/48')
  const all = { after: 0, before: Number.MAX_SAFE_INTEGER }
  const list = async (filter: object) => {
    const page = await listCreatedAccounts(directory, { ...all, limit: 9, ...filter })
    return page.accounts.map(({ handle, network }) => [handle, network])
  }
  expect(await list({})).toEqual([
    ['amy.test', '192.0.2.0/24'],
    ['ben.test', null],
    ['cat.test', '2001:db8:1::/48'],
  ])
  expect(await list({ before: before + 1_000 })).toEqual([['amy.test', '192.0.2.0/24']])
  expect((await list({ after: before + 1_000 })).map(([handle]) => handle)).toEqual([
    'ben.test',
    'cat.test',
  ])
  const { cursor } = await listCreatedAccounts(directory, { ...all, limit: 2 })
  expect(await list({ cursor })).toEqual([['cat.test', '2001:db8:1::/48']])
  directory.clock.time += 30 * day - 1_000
  await create(directory, 'dan')
  expect(await list({ before: before + 2_000 })).toEqual([
    ['amy.test', null],
    ['ben.test', null],
    ['cat.test', '2001:db8:1::/48'],
  ])
})
