/** A group account with an owner, and for each action of groups that must run once: an account in which a call takes effect. */
import type { AccountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { createMemberAppPassword } from '#src/account/group/app-passwords.ts'
import { acceptInvite, createInvite } from '#src/account/group/invitations.ts'
import { addMember } from '#src/account/group/members.ts'
import { convert, offerOwnership } from '#src/account/group/ownership.ts'
import { putRole } from '#src/account/group/roles.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'
import type { OnceNames } from '#src/rules/actions.ts'
import type { OnceScenario } from '#tests/support/once-scenarios.ts'
import { testDid } from '#tests/support/open-account.ts'

export const olga = 'did:plc:olgaowner'
export const eddie = 'did:plc:eddieeditor'
export const vera = 'did:plc:veraviewer'
export const account = { did: testDid }
export const owner = { did: olga }
const DAY_MS = 24 * 60 * 60 * 1000

/** Makes the account a group of Olga's, with these members. */
export async function makeGroup(
  group: Account,
  members: Record<string, string> = {},
): Promise<void> {
  await convert(group, { by: account, owner: olga })
  for (const [did, role] of Object.entries(members)) {
    await addMember(group, { by: owner, did, role })
  }
}

/** As the gateway names a member that acts as the group. */
export function actingAs(
  did: string,
  role: string,
  more: Partial<ActingMember> = {},
): ActingMember {
  return { did, role, revision: 0, call: 'call-1', ...more }
}

export function inDays(group: Account, days: number): number {
  return group.clock.now() + days * DAY_MS
}

/** Returns the token. */
export async function invite(
  group: Account,
  more: { role?: string; approval?: boolean; uses?: number; for?: string } = {},
): Promise<string> {
  const token = 'token of the invitation'
  const expiresAt = inDays(group, 1)
  await createInvite(group, { by: owner, token, role: 'editor', expiresAt, ...more })
  return token
}

type GroupNames = Extract<OnceNames<AccountActions>, `group.${string}`>

export const groupScenarios: Record<GroupNames, OnceScenario> = {
  'group.convert': async () => (remote) => remote.group.convert({ by: account, owner: olga }),
  'group.addMember': async (group) => {
    await makeGroup(group)
    return (remote) => remote.group.addMember({ by: owner, did: eddie, role: 'editor' })
  },
  'group.updateMember': async (group) => {
    await makeGroup(group, { [eddie]: 'editor' })
    return (remote) => remote.group.updateMember({ by: owner, did: eddie, role: 'viewer' })
  },
  'group.removeMember': async (group) => {
    await makeGroup(group, { [eddie]: 'editor' })
    return (remote) => remote.group.removeMember({ by: owner, did: eddie })
  },
  'group.putRole': async (group) => {
    await makeGroup(group)
    return (remote) => {
      return remote.group.putRole({ by: owner, name: 'poster', scope: 'repo:*', manage: [] })
    }
  },
  'group.deleteRole': async (group) => {
    await makeGroup(group)
    await putRole(group, { by: owner, name: 'poster', scope: 'repo:*', manage: [] })
    return (remote) => remote.group.deleteRole({ by: owner, name: 'poster' })
  },
  'group.createInvite': async (group) => {
    await makeGroup(group)
    const expiresAt = inDays(group, 1)
    return (remote) => {
      return remote.group.createInvite({ by: owner, token: 'abc', role: 'viewer', expiresAt })
    }
  },
  'group.revokeInvite': async (group) => {
    await makeGroup(group)
    await invite(group)
    return (remote) => remote.group.revokeInvite({ by: owner, id: 'unknown' })
  },
  'group.acceptInvite': async (group) => {
    await makeGroup(group)
    const token = await invite(group, { uses: 1 })
    return (remote) => remote.group.acceptInvite({ by: { did: eddie }, token })
  },
  'group.resolveJoinRequest': async (group) => {
    await makeGroup(group)
    const token = await invite(group, { approval: true })
    await acceptInvite(group, { by: { did: eddie }, token })
    return (remote) => {
      return remote.group.resolveJoinRequest({ by: owner, did: eddie, accept: true })
    }
  },
  'group.offerOwnership': async (group) => {
    await makeGroup(group)
    return (remote) => remote.group.offerOwnership({ by: owner, to: eddie })
  },
  'group.acceptOwnership': async (group) => {
    await makeGroup(group)
    await offerOwnership(group, { by: owner, to: eddie })
    return (remote) => remote.group.acceptOwnership({ by: { did: eddie } })
  },
  'group.createSession': async (group) => {
    await makeGroup(group, { [eddie]: 'editor' })
    return (remote) => remote.group.createSession({ by: { did: eddie } })
  },
  'group.createAppPassword': async (group) => {
    await makeGroup(group, { [eddie]: 'editor' })
    const input = { by: { did: eddie }, name: 'phone', password: 'abcd-efgh-2345-6777' }
    return (remote) => remote.group.createAppPassword(input)
  },
  'group.revokeAppPassword': async (group) => {
    await makeGroup(group, { [eddie]: 'editor' })
    const input = { by: { did: eddie }, name: 'phone', password: 'abcd-efgh-2345-6777' }
    await createMemberAppPassword(group, input)
    return (remote) => remote.group.revokeAppPassword({ by: { did: eddie }, name: 'phone' })
  },
}
