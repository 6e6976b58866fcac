import { beforeEach, describe, expect, it } from 'vitest'
import {
  findAccount,
  listAccounts,
  resolveHandle,
  setHandle,
  setState,
} from '#src/directory/accounts.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const did = 'did:plc:alice'
let directory: TestDirectory

beforeEach(async () => {
  directory = testDirectory()
  await addAccount(did, 'alice')
})

async function addAccount(of: string, name: string): Promise<void> {
  await reserveAccount(directory, {
    did: of,
    handle: `${name}.test`,
    email: `${name}@example.com`,
    ...newKey,
  })
  await confirmAccount(directory, { did: of, ...confirmation })
}

const alice = { did, handle: 'alice.test', status: 'active' }

describe('find', () => {
  it('find matches DID, handle and email, in any case', async () => {
    for (const identifier of [did, 'alice.test', 'Alice.TEST', 'ALICE@example.com']) {
      expect(await findAccount(directory, { identifier })).toEqual(alice)
    }
    for (const identifier of ['bob.test', 'did:plc:bob', 'bob@example.com', '', 'did:', '@']) {
      expect(await findAccount(directory, { identifier })).toBeNull()
    }
  })

  it('find returns accounts in every state', async () => {
    await setState(directory, { did, status: 'takendown', deleteAfter: null })
    expect(await findAccount(directory, { identifier: did })).toEqual({
      ...alice,
      status: 'takendown',
    })
  })

  it('find answers from memory until an account changes', async () => {
    await findAccount(directory, { identifier: did })
    await directory.sql.batch([{ sql: `UPDATE account SET status = 'suspended'` }])
    expect(await findAccount(directory, { identifier: did })).toEqual(alice)
    await setState(directory, { did, status: 'deactivated', deleteAfter: null })
    expect(await findAccount(directory, { identifier: did })).toMatchObject({
      status: 'deactivated',
    })
  })

  it('find returns a new account at once', async () => {
    expect(await findAccount(directory, { identifier: 'bob.test' })).toBeNull()
    await addAccount('did:plc:bob', 'bob')
    expect(await findAccount(directory, { identifier: 'bob.test' })).toMatchObject({
      did: 'did:plc:bob',
    })
  })
})

describe('resolveHandle', () => {
  it('resolveHandle resolves handles of active accounts', async () => {
    expect(await resolveHandle(directory, { handle: 'Alice.test' })).toEqual({ did })
    for (const handle of [did, 'alice@example.com', 'bob.test']) {
      expect(await resolveHandle(directory, { handle })).toBeNull()
    }
    await setState(directory, { did, status: 'deactivated', deleteAfter: null })
    expect(await resolveHandle(directory, { handle: 'alice.test' })).toBeNull()
  })
})

describe('setHandle', () => {
  it('setHandle changes the handle and frees the old one', async () => {
    await findAccount(directory, { identifier: 'alice.test' })
    await setHandle(directory, { did, handle: 'Alys.test' })
    expect(await findAccount(directory, { identifier: 'alys.test' })).toMatchObject({ did })
    expect(await findAccount(directory, { identifier: 'alice.test' })).toBeNull()
    await setHandle(directory, { did, handle: 'alys.test' })
    await reserveAccount(directory, {
      did: 'did:plc:b',
      handle: 'alice.test',
      email: 'b@example.com',
      ...newKey,
    })
  })

  it('setHandle rejects a handle that is taken or reserved', async () => {
    await reserveAccount(directory, {
      did: 'did:plc:bob',
      handle: 'bob.test',
      email: 'b@example.com',
      ...newKey,
    })
    const attempt = setHandle(directory, { did, handle: 'bob.test' })
    await expect(attempt).rejects.toMatchObject({ status: 400, error: 'HandleNotAvailable' })
  })

  it('setHandle accepts a handle whose reservation has expired', async () => {
    await reserveAccount(directory, {
      did: 'did:plc:bob',
      handle: 'bob.test',
      email: 'b@example.com',
      ...newKey,
    })
    directory.clock.time += 5 * 60_000
    await setHandle(directory, { did, handle: 'bob.test' })
    expect(await findAccount(directory, { identifier: 'bob.test' })).toMatchObject({ did })
  })

  it('setHandle and setState reject accounts that are not confirmed', async () => {
    const unknown = { status: 400, error: 'AccountNotFound' }
    const bob = 'did:plc:bob'
    await reserveAccount(directory, {
      did: bob,
      handle: 'bob.test',
      email: 'b@example.com',
      ...newKey,
    })
    await setState(directory, { did: bob, status: 'deleted', deleteAfter: null })
    expect(await directory.sql.first('SELECT status FROM account WHERE did = ?', bob)).toEqual({
      status: 'active',
    })
    const handle = setHandle(directory, { did: bob, handle: 'rob.test' })
    await expect(handle).rejects.toMatchObject(unknown)
  })
})

describe('list', () => {
  const names = ['bob', 'carol', 'dan', 'eve', 'frank', 'grace']

  it('list returns all accounts page by page, oldest first and by DID within a millisecond', async () => {
    for (const [i, name] of names.entries()) {
      directory.clock.time += i % 2
      await addAccount(`did:plc:${names.length - i}`, name)
    }
    await reserveAccount(directory, {
      did: 'did:plc:x',
      handle: 'x.test',
      email: 'x@example.com',
      ...newKey,
    })
    const all = (await listAccounts(directory, { limit: 100 })).accounts
    expect(all).toHaveLength(names.length + 1)
    const order = all.map((account) => `${account.createdAt} ${account.did}`)
    expect(order).toEqual([...order].sort())
    for (const limit of [1, 2, 3, 7]) {
      const seen = []
      let cursor: string | undefined
      do {
        const page = await listAccounts(directory, { limit, ...(cursor && { cursor }) })
        expect(page.accounts.length).toBeLessThanOrEqual(limit)
        seen.push(...page.accounts)
        cursor = page.cursor
      } while (cursor)
      expect(seen).toEqual(all)
    }
  })

  it("list returns the reference's cursor", async () => {
    const page = await listAccounts(directory, { limit: 1 })
    expect(page.cursor).toBe(`${directory.clock.time}::${did}`)
    expect(page.accounts).toEqual([{ ...alice, createdAt: '2026-01-01T00:00:00.000Z' }])
  })

  it('list returns confirmed accounts only, each once, also those that were confirmed late', async () => {
    const slow = { did: 'did:plc:slow', handle: 'slow.test', email: 's@example.com', ...newKey }
    await reserveAccount(directory, slow)
    directory.clock.time += 1000
    await addAccount('did:plc:quick', 'quick')
    const { cursor } = await listAccounts(directory, { limit: 2 })
    directory.clock.time += 1000
    await confirmAccount(directory, { did: slow.did, ...confirmation })
    const rest = await listAccounts(directory, { limit: 10, cursor: cursor! })
    expect(rest.accounts.map((account) => account.did)).toEqual([slow.did])
  })

  it.each(['', 'x', '5', '::', '5::', '5::alice', '-1::did:plc:a', `${'9'.repeat(30)}::did:plc:a`])(
    'list rejects the cursor %j',
    async (cursor) => {
      const attempt = listAccounts(directory, { limit: 10, cursor })
      await expect(attempt).rejects.toMatchObject({ status: 400, message: 'Malformed cursor' })
    },
  )
})
