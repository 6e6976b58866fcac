import { beforeEach, describe, expect, it } from 'vitest'
import { exportGroup, getAuditLog } from '#src/account/group/audit-log.ts'
import { authorize } from '#src/account/group/authorize.ts'
import {
  acceptInvite,
  createInvite,
  listInvites,
  revokeInvite,
} from '#src/account/group/invitations.ts'
import { listJoinRequests, resolveJoinRequest } from '#src/account/group/join-requests.ts'
import { addMember, removeMember, updateMember } from '#src/account/group/members.ts'
import { acceptOwnership, offerOwnership } from '#src/account/group/ownership.ts'
import {
  eddie,
  inDays,
  invite,
  makeGroup,
  olga,
  owner,
  vera,
} from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const clock = { time: 0, now: () => clock.time }
let group: OpenAccount
const guest = { did: 'did:plc:gusguest' }
const other = { did: 'did:plc:otherguest' }
const moderator = { did: 'did:plc:momoderator' }

beforeEach(async () => {
  clock.time = Date.parse('2026-01-01T00:00:00Z')
  group = await openTestAccount({ clock })
  await makeGroup(group, { [eddie]: 'editor', [moderator.did]: 'moderator' })
})

const refused = (error: string, status = 400) => ({ status, error })
const accept = (by: { did: string }, token: string) => acceptInvite(group, { by, token })
const roleOf = async (member: string) => (await authorize(group, { member })).name

describe('invitations', () => {
  it('let everyone who has the link join, as often as it says', async () => {
    const token = await invite(group, { uses: 1 })
    expect(await accept(guest, token)).toEqual({ status: 'joined', role: 'editor' })
    expect(await roleOf(guest.did)).toBe('editor')
    await expect(accept(other, token)).rejects.toMatchObject(refused('InviteUsed'))
    const { invites } = await listInvites(group, { by: owner })
    expect(invites).toMatchObject([{ kind: 'link', role: 'editor', usesLeft: 0, createdBy: olga }])
    expect(JSON.stringify(invites)).not.toContain(token)
  })

  it('for one DID are refused to others', async () => {
    const token = await invite(group, { for: guest.did })
    await expect(accept(other, token)).rejects.toMatchObject(refused('InviteForAnother', 403))
    await accept(guest, token)
    await expect(accept(guest, token)).rejects.toMatchObject(refused('InviteUsed'))
  })

  it('end with their time, when they are revoked, and are unknown to who guesses', async () => {
    const token = await invite(group)
    const [{ id } = { id: '' }] = (await listInvites(group, { by: owner })).invites
    clock.time = inDays(group, 1)
    await expect(accept(guest, token)).rejects.toMatchObject(refused('InviteExpired'))
    clock.time = inDays(group, -1)
    await revokeInvite(group, { by: owner, id })
    await expect(accept(guest, token)).rejects.toMatchObject(refused('InviteExpired'))
    await expect(accept(guest, 'a guess')).rejects.toMatchObject(refused('InviteExpired'))
  })

  it('are worth what their maker may still give', async () => {
    await addMember(group, { by: owner, did: vera, role: 'admin' })
    const make = (role: string) =>
      createInvite(group, { by: { did: vera }, token: role, role, expiresAt: inDays(group, 1) })
    await expect(make('owner')).rejects.toThrow('offer of the ownership')
    await make('admin')
    await updateMember(group, { by: owner, did: vera, role: 'editor' })
    await expect(accept(guest, 'admin')).rejects.toMatchObject(refused('InviteExpired'))
    await expect(make('viewer')).rejects.toMatchObject(refused('Forbidden', 403))
  })

  it('are refused to members and to the group, and are at most 50', async () => {
    const token = await invite(group)
    await expect(accept({ did: eddie }, token)).rejects.toMatchObject(refused('MemberExists'))
    await expect(accept({ did: testDid }, token)).rejects.toMatchObject(refused('NotAPrincipal'))
    const make = (name: string) =>
      createInvite(group, { by: owner, token: name, role: 'viewer', expiresAt: inDays(group, 1) })
    for (let i = 0; i < 49; i++) await make(`token ${i}`)
    await expect(make('one more')).rejects.toMatchObject(refused('TooManyInvites'))
    clock.time = inDays(group, 1)
    await make('one more')
    expect(await group.sql.all('SELECT 1 FROM invitation')).toHaveLength(1)
  })
})

describe('join requests', () => {
  const resolve = (by: { did: string }, answer: { accept: boolean; role?: string }) =>
    resolveJoinRequest(group, { by, did: guest.did, ...answer })

  it('are made by a link that demands approval, and accepted with the role of the link', async () => {
    const token = await invite(group, { approval: true })
    const text = 'I cook well'
    const made = await acceptInvite(group, { by: guest, token, text })
    expect(made).toEqual({ status: 'requested', role: 'editor' })
    await expect(authorize(group, { member: guest.did })).rejects.toThrow()
    const { requests } = await listJoinRequests(group, { by: moderator })
    expect(requests).toMatchObject([{ did: guest.did, role: 'editor', text }])
    expect(await resolve(moderator, { accept: true })).toEqual({ status: 'joined' })
    expect(await roleOf(guest.did)).toBe('editor')
    await expect(resolve(moderator, { accept: true })).rejects.toMatchObject(
      refused('RequestNotFound'),
    )
  })

  it('are accepted with another role only by who has it, and by who may', async () => {
    await accept(guest, await invite(group, { approval: true }))
    const high = resolve(moderator, { accept: true, role: 'admin' })
    await expect(high).rejects.toMatchObject(refused('RoleTooHigh', 403))
    const byEditor = resolve({ did: eddie }, { accept: true })
    await expect(byEditor).rejects.toMatchObject(refused('Forbidden', 403))
    expect(await resolve(moderator, { accept: false })).toEqual({ status: 'declined' })
    expect((await listJoinRequests(group, { by: moderator })).requests).toEqual([])
  })

  it('are at most 200', async () => {
    const token = await invite(group, { approval: true })
    const rows = Array.from({ length: 200 }, (_, i) => `('did:plc:r${i}', 'editor', '${olga}', 0)`)
    const sql = `INSERT INTO join_request (did, role, invited_by, at) VALUES ${rows.join(',')}`
    await group.sql.batch([{ sql }])
    await expect(accept(guest, token)).rejects.toMatchObject(refused('TooManyRequests'))
    await accept({ did: 'did:plc:r7' }, token)
  })
})

describe('ownership', () => {
  it('passes to who accepts it within seven days, and the former owner becomes an admin', async () => {
    await offerOwnership(group, { by: owner, to: eddie })
    const byOther = acceptOwnership(group, { by: other })
    await expect(byOther).rejects.toMatchObject(refused('TransferExpired'))
    expect(await acceptOwnership(group, { by: { did: eddie } })).toEqual({ role: 'owner' })
    expect([await roleOf(eddie), await roleOf(olga)]).toEqual(['owner', 'admin'])
    expect(group.sentMemberships.slice(-2)).toMatchObject([
      { did: eddie, role: 'owner' },
      { did: olga, role: 'admin' },
    ])
    const again = acceptOwnership(group, { by: { did: eddie } })
    await expect(again).rejects.toMatchObject(refused('TransferExpired'))
  })

  it('may pass to who is no member yet', async () => {
    await offerOwnership(group, { by: owner, to: guest.did })
    await acceptOwnership(group, { by: guest })
    expect(await roleOf(guest.did)).toBe('owner')
  })

  it('does not pass too late, by an older offer, or from who is no owner any more', async () => {
    const accepted = (by = guest) => acceptOwnership(group, { by })
    await offerOwnership(group, { by: owner, to: guest.did })
    clock.time = inDays(group, 7)
    await expect(accepted()).rejects.toMatchObject(refused('TransferExpired'))
    await offerOwnership(group, { by: owner, to: guest.did })
    await offerOwnership(group, { by: owner, to: other.did })
    await expect(accepted()).rejects.toMatchObject(refused('TransferExpired'))
    await addMember(group, { by: owner, did: vera, role: 'owner' })
    await updateMember(group, { by: { did: vera }, did: olga, role: 'editor' })
    await expect(accepted(other)).rejects.toMatchObject(refused('TransferExpired'))
  })

  it('is offered by owners only', async () => {
    const offered = offerOwnership(group, { by: { did: eddie }, to: eddie })
    await expect(offered).rejects.toMatchObject(refused('Forbidden', 403))
  })
})

describe('the audit log', () => {
  it('says who did what, why, and by which role, newest first', async () => {
    const by = { did: olga, client: 'https://app.example', reason: 'spam', userAgent: 'curl' }
    await removeMember(group, { by, did: eddie })
    const { entries } = await getAuditLog(group, { by: owner, limit: 1 })
    expect(entries).toEqual([
      {
        ...{ id: '4', at: '2026-01-01T00:00:00.000Z', actor: olga, role: 'owner' },
        ...{ action: 'member removed', target: eddie, detail: 'editor' },
        ...{ client: 'https://app.example', reason: 'spam', userAgent: 'curl' },
      },
    ])
  })

  it('is filtered and paged', async () => {
    const ids = async (query: Partial<Parameters<typeof getAuditLog>[1]>) => {
      const page = await getAuditLog(group, { by: owner, limit: 2, ...query })
      return [page.entries.map(({ id }) => id), page.cursor]
    }
    expect(await ids({})).toEqual([['3', '2'], '2'])
    expect(await ids({ cursor: '2' })).toEqual([['1'], undefined])
    expect(await ids({ actor: testDid })).toEqual([['1'], undefined])
    expect(await ids({ action: 'member added', limit: 9 })).toEqual([['3', '2'], undefined])
    expect(await ids({ since: clock.time + 1 })).toEqual([[], undefined])
    expect(await ids({ rev: '3abc' })).toEqual([[], undefined])
    await expect(ids({ cursor: 'x' })).rejects.toThrow('Malformed cursor')
  })

  it('is read by who may, and keeps its newest 200,000 rows', async () => {
    const byEditor = getAuditLog(group, { by: { did: eddie }, limit: 1 })
    await expect(byEditor).rejects.toMatchObject(refused('Forbidden', 403))
    await group.sql.batch([{ sql: 'UPDATE audit SET id = id + 200000 WHERE id = 3' }])
    await removeMember(group, { by: owner, did: eddie })
    const { entries } = await getAuditLog(group, { by: owner, limit: 9 })
    expect(entries.map(({ id }) => id)).toEqual(['200004', '200003'])
  })

  it('is exported by an owner, with members and roles', async () => {
    const exported = await exportGroup(group, { by: owner })
    expect(exported.members.map(({ did }) => did).sort()).toEqual(
      [eddie, moderator.did, olga].sort(),
    )
    expect([exported.roles.length, exported.audit.length, exported.did]).toEqual([5, 3, testDid])
    await addMember(group, { by: owner, did: vera, role: 'admin' })
    const byAdmin = exportGroup(group, { by: { did: vera } })
    await expect(byAdmin).rejects.toMatchObject(refused('Forbidden', 403))
  })
})
