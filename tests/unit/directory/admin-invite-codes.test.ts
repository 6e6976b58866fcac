/** Invite codes as the admin sees and disables them. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  disableInviteCodes,
  invitesByAccount,
  listInviteCodes,
  setInvitesDisabled,
} from '#src/directory/admin-invite-codes.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  addInviteCode,
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

let directory: TestDirectory

beforeEach(() => {
  directory = testDirectory()
})

async function newCodes(count: number, useCount = 2, forAccount = 'admin'): Promise<string[]> {
  const made = []
  for (let i = 0; i < count; i++) {
    directory.clock.time += 1000
    made.push(await addInviteCode(directory, { useCount, forAccount }))
  }
  return made
}

async function invited(name: string, inviteCode: string, { isConfirmed = true } = {}) {
  const did = `did:plc:${name}`
  const names = { did, handle: `${name}.test`, email: `${name}@example.com` }
  await reserveAccount(directory, { ...names, inviteCode, ...newKey })
  if (isConfirmed) await confirmAccount(directory, { did, ...confirmation })
  return did
}

async function pages(sort: string, limit: number): Promise<string[][]> {
  const found: string[][] = []
  for (let cursor: string | undefined; ; ) {
    const page = await listInviteCodes(directory, { sort, limit, ...(cursor && { cursor }) })
    if (page.codes.length === 0) return found
    found.push(page.codes.map(({ code }) => code))
    cursor = page.cursor
  }
}

describe('getInviteCodes', () => {
  test('getInviteCodes returns the newest first, page by page', async () => {
    const codes = await newCodes(5)
    const [e, d, c, b, a] = codes.toReversed() as [string, string, string, string, string]
    expect(await pages('recent', 2)).toEqual([[e, d], [c, b], [a]])
  })

  test('getInviteCodes can sort by use', async () => {
    const [a, b, c] = (await newCodes(3)) as [string, string, string]
    await invited('one', b)
    await invited('two', b)
    await invited('three', c)
    expect((await pages('usage', 1)).flat()).toEqual([b, c, a])
  })

  test('getInviteCodes lists each use, without those of unconfirmed accounts', async () => {
    const [code] = (await newCodes(1, 3)) as [string]
    const did = await invited('one', code)
    await invited('two', code, { isConfirmed: false })
    const { codes } = await listInviteCodes(directory, { sort: 'usage', limit: 10 })
    const uses = [{ usedBy: did, usedAt: new Date(directory.clock.time).toISOString() }]
    const made = { code, available: 3, disabled: false, forAccount: 'admin', createdBy: 'admin' }
    expect(codes).toMatchObject([{ ...made, uses }])
    expect(codes[0]).not.toHaveProperty('used')
  })

  test.each(['nonsense', '12', '::x', 'x::y'])(
    'getInviteCodes rejects the cursor %j',
    async (cursor) => {
      const attempt = listInviteCodes(directory, { sort: 'recent', limit: 1, cursor })
      await expect(attempt).rejects.toMatchObject({ status: 400, message: 'Malformed cursor' })
    },
  )

  test('getInviteCodes rejects any other sort order', async () => {
    const attempt = listInviteCodes(directory, { sort: 'age', limit: 1 })
    await expect(attempt).rejects.toMatchObject({ message: 'unknown sort method: age' })
  })
})

describe('disableInviteCodes', () => {
  test('disableInviteCodes disables codes by name, and all codes of an account', async () => {
    const [one, two] = (await newCodes(2)) as [string, string]
    const [three] = (await newCodes(1, 2, 'did:plc:alice')) as [string]
    await disableInviteCodes(directory, { codes: [one], accounts: ['did:plc:alice'] })
    const { codes } = await listInviteCodes(directory, { sort: 'recent', limit: 10 })
    const disabled = codes.filter((code) => code.disabled).map(({ code }) => code)
    expect(disabled.sort()).toEqual([one, three].sort())
    await expect(invited('bob', one)).rejects.toMatchObject({ error: 'InvalidInviteCode' })
    await invited('carol', two)
  })

  test('disableInviteCodes of an account and the use of its code are never in one transaction', async () => {
    const gate = Promise.withResolvers<void>()
    const transactions: string[] = []
    const gated = testDirectory({
      onBatch: async (when, statements) => {
        if (when !== 'before') return
        if (transactions.length === 1) await gate.promise
        transactions.push(statements.map(({ sql }) => sql).join(';'))
      },
    })
    const code = await addInviteCode(gated, { useCount: 1, forAccount: 'did:plc:alice' })
    // While this is written, the other two queue.
    const first = setInvitesDisabled(gated, { did: 'did:plc:carol', disabled: true })
    const bob = { did: 'did:plc:bob', handle: 'bob.test', email: 'bob@example.com', ...newKey }
    const others = [
      disableInviteCodes(gated, { accounts: ['did:plc:alice'] }),
      reserveAccount(gated, { ...bob, inviteCode: code }),
    ]
    await new Promise((resolve) => setImmediate(resolve))
    gate.resolve()
    await Promise.all([first, ...others])
    expect(transactions).toHaveLength(4)
  })

  test('disableInviteCodes refuses to disable all codes of the admin', async () => {
    const attempt = disableInviteCodes(directory, { accounts: ['admin'] })
    await expect(attempt).rejects.toMatchObject({ message: 'cannot disable admin invite codes' })
  })
})

describe('an account', () => {
  test('getAccountInfo has the invite codes of the account, the code it used, and whether invites are disabled', async () => {
    const [code] = (await newCodes(1)) as [string]
    const did = await invited('alice', code)
    const [own] = (await newCodes(1, 1, did)) as [string]
    await setInvitesDisabled(directory, { did, disabled: true })
    const found = await invitesByAccount(directory, { dids: [did, 'did:plc:nobody'] })
    expect(found[did]).toMatchObject({
      invites: [{ code: own, forAccount: did }],
      invitedBy: { code, uses: [{ usedBy: did }] },
      invitesDisabled: true,
    })
    expect(found['did:plc:nobody']).toEqual({ invites: [], invitesDisabled: false })
    await setInvitesDisabled(directory, { did, disabled: false })
    expect((await invitesByAccount(directory, { dids: [did] }))[did]?.invitesDisabled).toBe(false)
  })
})
