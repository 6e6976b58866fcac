import { beforeEach, describe, expect, it } from 'vitest'
import { authorize } from '#src/account/group/authorize.ts'
import { addMember, listMembers, removeMember, updateMember } from '#src/account/group/members.ts'
import { convert } from '#src/account/group/ownership.ts'
import { deleteRole, listRoles, putRole } from '#src/account/group/roles.ts'
import { createMemberSession } from '#src/account/group/sessions.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { refreshSession } from '#src/account/sessions/sessions.ts'
import {
  account,
  eddie,
  inDays,
  invite,
  makeGroup,
  olga,
  owner,
  vera,
} from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

let group: OpenAccount
const admin = { did: 'did:plc:adaadmin' }

beforeEach(async () => {
  group = await openTestAccount()
  await makeGroup(group, { [admin.did]: 'admin', [eddie]: 'editor' })
})

const refused = (error: string, status = 400) => ({ status, error })
const roleOf = async (member: string) => (await authorize(group, { member })).name

describe('convert', () => {
  it('makes an account a group once, at the wish of the account itself', async () => {
    const again = convert(group, { by: account, owner: olga })
    await expect(again).rejects.toMatchObject(refused('GroupExists'))
    const other = await openTestAccount()
    const byOther = convert(other, { by: owner, owner: olga })
    await expect(byOther).rejects.toMatchObject(refused('NotAMember', 403))
    const ofItself = convert(other, { by: account, owner: testDid })
    await expect(ofItself).rejects.toMatchObject(refused('NotAPrincipal'))
    const early = addMember(other, { by: account, did: eddie, role: 'editor' })
    await expect(early).rejects.toMatchObject(refused('NotAGroup'))
  })
})

describe('addMember', () => {
  it('adds a member, which may act from then on, and tells the directory', async () => {
    const added = await addMember(group, { by: admin, did: vera, role: 'viewer', note: 'a friend' })
    expect(added).toEqual({
      ...{ did: vera, role: 'viewer', kind: 'person', addedBy: admin.did, note: 'a friend' },
      addedAt: '2026-01-01T00:00:00.000Z',
    })
    expect(await roleOf(vera)).toBe('viewer')
    expect(group.sentMemberships.at(-1)).toEqual({ did: vera, role: 'viewer', expiresAt: null })
    expect(await group.sql.all('SELECT * FROM membership_change')).toEqual([])
  })

  it('gives no role that the caller lacks, and needs the flag', async () => {
    const add = (by: { did: string }, role: string) => addMember(group, { by, did: vera, role })
    await expect(add(admin, 'owner')).rejects.toMatchObject(refused('RoleTooHigh', 403))
    await expect(add({ did: eddie }, 'viewer')).rejects.toMatchObject(refused('Forbidden', 403))
    await expect(add({ did: vera }, 'viewer')).rejects.toMatchObject(refused('NotAMember', 403))
    await expect(add(admin, 'king')).rejects.toMatchObject(refused('UnknownRole'))
    await add(owner, 'owner')
  })

  it('refuses a member that there is already, and the group itself', async () => {
    const again = addMember(group, { by: owner, did: eddie, role: 'viewer' })
    await expect(again).rejects.toMatchObject(refused('MemberExists'))
    const itself = addMember(group, { by: owner, did: testDid, role: 'viewer' })
    await expect(itself).rejects.toMatchObject(refused('NotAPrincipal'))
  })

  it('refuses a membership that is over already, and an end for an owner', async () => {
    const add = (role: string, expiresAt: number) =>
      addMember(group, { by: owner, did: vera, role, expiresAt })
    await expect(add('viewer', 1)).rejects.toThrow('in the past')
    await expect(add('owner', inDays(group, 1))).rejects.toThrow('no end')
  })

  it('adds up to 1,000 members', async () => {
    const rows = Array.from(
      { length: 997 },
      (_, i) => `('did:plc:m${i}', 'viewer', 'person', 'x', 0)`,
    )
    const sql = `INSERT INTO member (did, role, kind, added_by, added_at) VALUES ${rows.join(',')}`
    await group.sql.batch([{ sql }])
    const tooMany = addMember(group, { by: owner, did: vera, role: 'viewer' })
    await expect(tooMany).rejects.toMatchObject(refused('TooManyMembers'))
    const page = await listMembers(group, { by: owner, limit: 600 })
    const rest = await listMembers(group, { by: owner, limit: 600, cursor: page.cursor! })
    expect([page.members.length, rest.members.length, rest.cursor]).toEqual([600, 400, undefined])
  })
})

describe('updateMember', () => {
  it('takes effect with the next question', async () => {
    await updateMember(group, { by: owner, did: eddie, role: 'viewer' })
    expect(await roleOf(eddie)).toBe('viewer')
  })

  it('leaves alone who may do more than the caller', async () => {
    const demoted = updateMember(group, { by: admin, did: olga, role: 'viewer' })
    await expect(demoted).rejects.toMatchObject(refused('RoleTooHigh', 403))
    const promoted = updateMember(group, { by: admin, did: eddie, role: 'owner' })
    await expect(promoted).rejects.toMatchObject(refused('RoleTooHigh', 403))
    const unknown = updateMember(group, { by: admin, did: vera, role: 'viewer' })
    await expect(unknown).rejects.toMatchObject(refused('MemberNotFound'))
  })

  it('leaves at least one owner', async () => {
    const demote = () => updateMember(group, { by: owner, did: olga, role: 'editor' })
    await expect(demote()).rejects.toMatchObject(refused('LastOwner'))
    await addMember(group, { by: owner, did: vera, role: 'owner' })
    await demote()
    expect(await roleOf(olga)).toBe('editor')
  })
})

describe('removeMember', () => {
  it('ends the sessions of the member, and takes its invitations back', async () => {
    const { refreshJwt } = await createMemberSession(group, { by: { did: eddie } })
    const { jti: tokenId } = JSON.parse(
      Buffer.from(refreshJwt.split('.')[1]!, 'base64url').toString(),
    )
    await removeMember(group, { by: admin, did: eddie })
    await expect(authorize(group, { member: eddie })).rejects.toMatchObject(
      refused('NotAMember', 403),
    )
    await expect(refreshSession(group, { tokenId })).rejects.toMatchObject(refused('ExpiredToken'))
    expect(group.sentMemberships.at(-1)).toEqual({ did: eddie, role: null, expiresAt: null })
    await invite(group)
    await addMember(group, { by: owner, did: vera, role: 'owner' })
    await removeMember(group, { by: { did: vera }, did: olga })
    expect(await group.sql.all('SELECT 1 FROM invitation')).toEqual([])
  })

  it('lets each member leave, but not the last owner', async () => {
    await removeMember(group, { by: { did: eddie }, did: eddie })
    const last = removeMember(group, { by: owner, did: olga })
    await expect(last).rejects.toMatchObject(refused('LastOwner'))
    const byAdmin = removeMember(group, { by: admin, did: olga })
    await expect(byAdmin).rejects.toMatchObject(refused('RoleTooHigh', 403))
  })
})

describe('roles of a group', () => {
  const poster = { name: 'poster', scope: 'repo:com.example.thing', manage: ['invites'] as const }

  it('are given like the built-in ones, and changed for all who have them', async () => {
    await putRole(group, { by: owner, ...poster })
    await addMember(group, { by: admin, did: vera, role: 'poster' })
    expect(await authorize(group, { member: vera })).toMatchObject(poster)
    await putRole(group, { by: owner, ...poster, scope: 'repo:com.example.other' })
    expect(await authorize(group, { member: vera })).toMatchObject({
      scope: 'repo:com.example.other',
    })
    const { roles } = await listRoles(group, { by: { did: vera } })
    expect(roles.map(({ name }) => name)).toEqual([
      ...['owner', 'admin', 'editor', 'moderator', 'viewer', 'poster'],
    ])
  })

  it('have nothing that their maker lacks', async () => {
    const make = (scope: string, manage: readonly ('transfer' | 'audit')[]) =>
      putRole(group, { by: admin, name: 'poster', scope, manage })
    await expect(make('identity:*', [])).rejects.toMatchObject(refused('RoleTooHigh', 403))
    await expect(make('repo:*', ['transfer'])).rejects.toMatchObject(refused('RoleTooHigh', 403))
    await make('repo:*', ['audit'])
  })

  it('are kept while they are in use, and the built-in ones always', async () => {
    await putRole(group, { by: owner, ...poster })
    await addMember(group, { by: owner, did: vera, role: 'poster' })
    const remove = (name: string) => deleteRole(group, { by: owner, name })
    await expect(remove('poster')).rejects.toMatchObject(refused('RoleInUse'))
    await removeMember(group, { by: owner, did: vera })
    await remove('poster')
    await expect(remove('editor')).rejects.toThrow('built-in')
    const changed = putRole(group, { by: owner, ...poster, name: 'editor' })
    await expect(changed).rejects.toThrow('built-in')
  })

  it('are at most 50', async () => {
    for (let i = 0; i < 45; i++) await putRole(group, { by: owner, ...poster, name: `r${i}` })
    const tooMany = putRole(group, { by: owner, ...poster, name: 'one-more' })
    await expect(tooMany).rejects.toMatchObject(refused('TooManyRoles'))
  })
})

describe('a group that may do nothing', () => {
  it('refuses its members', async () => {
    await changeState(group, { suspended: true })
    const asked = authorize(group, { member: olga })
    await expect(asked).rejects.toMatchObject(refused('AccountTakedown', 401))
    const added = addMember(group, { by: owner, did: vera, role: 'viewer' })
    await expect(added).rejects.toMatchObject(refused('AccountTakedown', 401))
  })
})
