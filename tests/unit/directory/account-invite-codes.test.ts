import { beforeEach, describe, expect, it } from 'vitest'
import { getAccountInviteCodes } from '#src/directory/account-invite-codes.ts'
import { setEmail, setState } from '#src/directory/accounts.ts'
import { disableInviteCodes, setInvitesDisabled } from '#src/directory/admin-invite-codes.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import {
  addInviteCode,
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const day = 24 * 3_600_000
const alice = 'did:plc:alice'
const hostname = 'pds.example.com'
let directory: TestDirectory

beforeEach(async () => {
  directory = testDirectory()
  await makeAccount('alice')
})

async function makeAccount(name: string, inviteCode?: string): Promise<void> {
  const names = { did: `did:plc:${name}`, handle: `${name}.test`, email: `${name}@example.com` }
  await reserveAccount(directory, { ...names, ...newKey, ...(inviteCode && { inviteCode }) })
  await confirmAccount(directory, { did: names.did, ...confirmation })
}

async function codes(input: { includeUsed?: boolean; epochMs?: number; earns?: boolean } = {}) {
  const { includeUsed = true, epochMs = 0, earns = true } = input
  const found = await getAccountInviteCodes(directory, {
    did: alice,
    includeUsed,
    ...(earns && { earning: { hostname, intervalMs: 7 * day, epochMs } }),
  })
  return found.codes
}

describe('an account', () => {
  it('an account gets one invite code per interval', async () => {
    expect(await codes()).toEqual([])
    directory.clock.time += 7 * day - 1
    expect(await codes()).toEqual([])
    directory.clock.time += 1
    const [first, ...others] = await codes()
    expect(others).toEqual([])
    expect(first).toEqual({
      code: expect.stringMatching(/^pds-example-com-[a-z2-7]{5}-[a-z2-7]{5}$/),
      available: 1,
      disabled: false,
      forAccount: alice,
      createdBy: alice,
      createdAt: new Date(directory.clock.time).toISOString(),
      uses: [],
    })
    expect(await Promise.all([codes(), codes(), codes()])).toEqual([[first], [first], [first]])
    directory.clock.time += 7 * day
    expect(await codes()).toHaveLength(2)
  })

  it('an account has at most five unused invite codes', async () => {
    directory.clock.time += 70 * day
    const open = await codes()
    expect(open).toHaveLength(5)
    await makeAccount('bob', open[0]!.code)
    expect(await codes()).toHaveLength(6)
    expect(await codes({ includeUsed: false })).toHaveLength(5)
  })

  it('an account gets no invite codes for the time before the epoch', async () => {
    const epochMs = directory.clock.time + 10 * day
    directory.clock.time += 14 * day
    // One of its two intervals ended before the epoch.
    expect(await codes({ epochMs })).toHaveLength(1)
  })

  it('an account gets no invite codes if no interval is configured, or the admin gave it codes', async () => {
    directory.clock.time += 7 * day
    expect(await codes({ earns: false })).toEqual([])
    await addInviteCode(directory, { useCount: 3, forAccount: alice })
    const given = await codes()
    expect(given.map(({ createdBy }) => createdBy).sort()).toEqual(['admin', alice])
  })

  it('an account with disabled invites gets disabled codes', async () => {
    await setInvitesDisabled(directory, { did: alice, disabled: true })
    directory.clock.time += 14 * day
    expect(await codes()).toEqual([])
    await setInvitesDisabled(directory, { did: alice, disabled: false })
    expect(await codes()).toEqual([])
    directory.clock.time += 7 * day
    expect(await codes()).toHaveLength(1)
  })

  it('getAccountInviteCodes leaves disabled codes out', async () => {
    directory.clock.time += 14 * day
    const [one, other] = await codes()
    await disableInviteCodes(directory, { codes: [one!.code] })
    expect(await codes()).toEqual([other])
  })

  it.each([
    ['takendown', { status: 401, error: 'AccountTakedown' }],
    ['deactivated', { status: 400, error: 'NotFound' }],
    ['deleted', { status: 403, error: 'AccountNotFound' }],
  ])('getAccountInviteCodes is refused to an account that is %s', async (status, refusal) => {
    await setState(directory, { did: alice, status, deleteAfter: null })
    await expect(codes()).rejects.toMatchObject(refusal)
    await expect(codes({ earns: false })).rejects.toMatchObject(refusal)
  })
})

describe('reserve', () => {
  it('reserve reveals no accounts to a caller without an invite code', async () => {
    const wanted = { did: 'did:plc:bob', handle: 'alice.test', email: 'alice@example.com' }
    const attempt = reserveAccount(directory, { ...wanted, ...newKey, inviteCode: 'guess' })
    await expect(attempt).rejects.toMatchObject({ status: 400, error: 'InvalidInviteCode' })
  })
})

describe('setEmail', () => {
  it('setEmail changes the address, in lower case', async () => {
    await setEmail(directory, { did: alice, email: 'New@Example.com' })
    await setEmail(directory, { did: alice, email: 'new@example.com' })
    await makeAccount('bob')
    await setEmail(directory, { did: 'did:plc:bob', email: 'alice@example.com' })
  })

  it('setEmail rejects an address that is taken or reserved', async () => {
    await makeAccount('bob')
    const carol = { did: 'did:plc:carol', handle: 'carol.test', email: 'carol@example.com' }
    await reserveAccount(directory, { ...carol, ...newKey })
    for (const email of ['bob@example.com', 'Carol@Example.com']) {
      const attempt = setEmail(directory, { did: alice, email })
      await expect(attempt).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    }
    directory.clock.time += 3_600_000
    await setEmail(directory, { did: alice, email: carol.email })
  })

  it('setEmail gives an address to one of two concurrent requests', async () => {
    await makeAccount('bob')
    const both = [alice, 'did:plc:bob'].map((did) => setEmail(directory, { did, email: 'x@y.com' }))
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})
