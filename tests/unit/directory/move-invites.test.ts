import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import {
  addMoveInvites,
  countMoveInvites,
  findMoveInvite,
  listMoveInvites,
  recordInviteMail,
  removeMoveInvites,
} from '#src/directory/move-invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { withTenant } from '#tests/support/tenant-directory.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const server = 'https://old.example'

const account = (name: string, more: { email?: string; code?: string } = {}) => ({
  ...{ did: `did:plc:${name}`, handle: `${name}.old.example`, keepsHandle: false },
  ...{ email: null, code: `code-${name}`, ...more },
})

function invite(directory: Directory, ...names: string[]) {
  const accounts = names.map((name) => account(name))
  return addMoveInvites(directory, { server, tenant: null, accounts })
}

async function moveHere(directory: Directory, name: string, inviteCode: string): Promise<void> {
  const did = `did:plc:${name}`
  const names = { handle: `${name}.test`, email: `${name}@example.com` }
  await reserveAccount(directory, { did, ...names, ...newKey, inviteCode, isMigratingIn: true })
  await confirmAccount(directory, { did, ...confirmation })
}

const states = async (directory: TestDirectory) =>
  (await listMoveInvites(directory, { limit: 9 })).invites.map(({ state }) => state)

describe('an invitation to move here', () => {
  it('follows its account: invited, moving, here', async () => {
    const directory = testDirectory()
    await invite(directory, 'a', 'b')
    expect(await states(directory)).toEqual(['invited', 'invited'])
    await moveHere(directory, 'a', 'code-a')
    expect(await states(directory)).toEqual(['moving', 'invited'])
    await setState(directory, { did: 'did:plc:a', status: 'active', deleteAfter: null })
    expect(await states(directory)).toEqual(['here', 'invited'])
    expect(await countMoveInvites(directory, {})).toEqual({ invited: 1, moving: 0, here: 1 })
    expect(await countMoveInvites(directory, { server: 'https://other.example' })).toEqual({
      ...{ invited: 0, moving: 0, here: 0 },
    })
  })

  it('is open again, and not done, while an account that did not arrive is being deleted', async () => {
    const directory = testDirectory()
    await invite(directory, 'a')
    await moveHere(directory, 'a', 'code-a')
    await setState(directory, { did: 'did:plc:a', status: 'deleted', deleteAfter: null })
    expect(await states(directory)).toEqual(['invited'])
    expect(await countMoveInvites(directory, {})).toEqual({ invited: 1, moving: 0, here: 0 })
  })

  it('its code is for its account only', async () => {
    const directory = testDirectory()
    await invite(directory, 'a')
    await expect(moveHere(directory, 'b', 'code-a')).rejects.toMatchObject({
      error: 'InvalidInviteCode',
    })
    await moveHere(directory, 'a', 'code-a')
  })

  it('a repetition keeps the code and the time of the mail, and adds the email address', async () => {
    const directory = testDirectory()
    await invite(directory, 'a')
    await recordInviteMail(directory, { did: 'did:plc:a' })
    const again = [account('a', { email: 'a@example.com', code: 'another' }), account('b')]
    const added = await addMoveInvites(directory, { server, tenant: null, accounts: again })
    expect(added).toMatchObject([
      { code: 'code-a', email: 'a@example.com', mailedAt: expect.any(String) },
      { code: 'code-b', email: null, mailedAt: null },
    ])
    await expect(moveHere(directory, 'a', 'another')).rejects.toMatchObject({ status: 400 })
  })

  it('an account that is named twice has one code, and no other is left over', async () => {
    const directory = testDirectory()
    await invite(directory, 'a')
    const twice = [account('b', { email: 'b@example.com' }), account('b', { code: 'second' })]
    const [invited] = await addMoveInvites(directory, { server, tenant: null, accounts: twice })
    expect(invited).toMatchObject({ code: 'code-b', email: 'b@example.com' })
    await expect(moveHere(directory, 'c', 'second')).rejects.toMatchObject({
      error: 'InvalidInviteCode',
    })
  })

  it('is withdrawn with its code', async () => {
    const directory = testDirectory()
    await invite(directory, 'a', 'b')
    await removeMoveInvites(directory, { dids: ['did:plc:a'] })
    expect(await findMoveInvite(directory, { did: 'did:plc:a' })).toBeNull()
    await expect(moveHere(directory, 'a', 'code-a')).rejects.toMatchObject({
      error: 'InvalidInviteCode',
    })
    await moveHere(directory, 'b', 'code-b')
  })

  it('of a tenant makes an account of the tenant', async () => {
    const directory = await withTenant()
    const accounts = [account('a', { code: 'roomy_code' })]
    await addMoveInvites(directory, { server, tenant: 'roomy', accounts })
    await moveHere(directory, 'a', 'roomy_code')
    const found = await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:a' })
    expect(found).toMatchObject({ kind: 'person' })
    const unknown = addMoveInvites(directory, { server, tenant: 'nobody', accounts })
    await expect(unknown).rejects.toMatchObject({ error: 'TenantNotFound' })
  })

  it('is listed in pages, by state', async () => {
    const directory = testDirectory()
    await invite(directory, 'a', 'b', 'c')
    await moveHere(directory, 'b', 'code-b')
    const page = await listMoveInvites(directory, { server, state: 'invited', limit: 1 })
    expect(page).toMatchObject({ invites: [{ did: 'did:plc:a' }], cursor: 'did:plc:a' })
    const cursor = page.cursor!
    const rest = await listMoveInvites(directory, { server, state: 'invited', limit: 9, cursor })
    expect(rest.invites.map(({ did }) => did)).toEqual(['did:plc:c'])
  })
})
