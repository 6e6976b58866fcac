/** The events of a group's memberships: in the transaction of the change, once, and before those of the sessions that end. */
import { beforeEach, describe, expect, it } from 'vitest'
import { acceptInvite, createInvite } from '#src/account/group/invitations.ts'
import { addMember, removeMember, updateMember } from '#src/account/group/members.ts'
import { acceptOwnership, convert, offerOwnership } from '#src/account/group/ownership.ts'
import { putRole } from '#src/account/group/roles.ts'
import { createMemberSession } from '#src/account/group/sessions.ts'
import { builtInRole } from '#src/rules/group-roles.ts'
import { eddie, olga, vera } from '#tests/support/group-scenarios.ts'
import { did, type Opened, openWithEvents } from '#tests/support/private-events-fixture.ts'

const owner = { did: olga }
const day = 24 * 3_600_000
const given = (member: string, role: string, change = 'added', scope = scopeOf(role)) => [
  '#member',
  { change, did: member, role, scope },
  member,
]
const scopeOf = (role: string) => builtInRole(role)?.scope

let opened: Opened
beforeEach(async () => {
  opened = await openWithEvents()
  await convert(opened.account, { by: { did }, owner: olga })
  await addMember(opened.account, { by: owner, did: eddie, role: 'editor' })
})

describe('#member', () => {
  it('of convert and addMember says who was added, with the role and its scopes', async () => {
    expect(await opened.events()).toEqual([given(olga, 'owner'), given(eddie, 'editor')])
    expect(opened.transactions()).toEqual([
      expect.stringContaining('INTO member '),
      expect.stringContaining('INTO member '),
    ])
  })

  it('of updateMember says the new role or end, and a note alone has no event', async () => {
    const { account, clock, events } = opened
    await events()
    await updateMember(account, { by: owner, did: eddie, note: 'nice' })
    await updateMember(account, { by: owner, did: eddie, role: 'editor' })
    expect(await events()).toEqual([])
    const expiresAt = clock.time + day
    await updateMember(account, { by: owner, did: eddie, role: 'viewer', expiresAt })
    const fields = { change: 'changed', did: eddie, role: 'viewer', scope: scopeOf('viewer') }
    const end = new Date(expiresAt).toISOString()
    expect(await events()).toEqual([['#member', { ...fields, expiresAt: end }, eddie]])
  })

  it('of a membership that is over and begins again says added', async () => {
    const { account, clock, events } = opened
    await updateMember(account, { by: owner, did: eddie, expiresAt: clock.time + day })
    clock.time += day
    await events()
    await addMember(account, { by: owner, did: eddie, role: 'viewer' })
    expect(await events()).toEqual([given(eddie, 'viewer')])
  })

  it('of removeMember comes before the end of the sessions of the member, in one transaction', async () => {
    const { account, events, transactions } = opened
    await createMemberSession(account, { by: { did: eddie } })
    await events()
    transactions()
    await removeMember(account, { by: owner, did: eddie })
    expect(await events()).toEqual([
      ['#member', { change: 'removed', did: eddie, role: 'editor' }, eddie],
      ['#session', { change: 'ended', kind: 'password' }, expect.any(String)],
    ])
    expect(transactions()).toEqual([expect.stringContaining('DELETE FROM member')])
  })

  it('of acceptInvite and acceptOwnership says who joined, and both whose roles changed', async () => {
    const { account, clock, events } = opened
    const expiresAt = clock.time + day
    await createInvite(account, { by: owner, token: 'a link', role: 'viewer', expiresAt })
    await acceptInvite(account, { by: { did: vera }, token: 'a link' })
    await offerOwnership(account, { by: owner, to: eddie })
    await acceptOwnership(account, { by: { did: eddie } })
    expect((await events()).slice(2)).toEqual([
      given(vera, 'viewer'),
      given(eddie, 'owner', 'changed'),
      given(olga, 'admin', 'changed'),
    ])
  })
})

it('putRole has an event if it changes a role, and members with a role of the group have its scopes', async () => {
  const { account, events } = opened
  const role = { by: owner, name: 'poster', manage: [] }
  await putRole(account, { ...role, scope: 'atproto repo:a.b.c' })
  await updateMember(account, { by: owner, did: eddie, role: 'poster' })
  await putRole(account, { ...role, scope: 'atproto repo:a.b.d' })
  expect((await events()).slice(2)).toEqual([
    given(eddie, 'poster', 'changed', 'atproto repo:a.b.c'),
    ['#role', { change: 'changed', role: 'poster', scope: 'atproto repo:a.b.d' }],
  ])
})
