/** dev.headwater.group: the caller's groups, and the members of a group. */
import {
  aboutGroup,
  byOf,
  mayCall,
  momentOf,
  mustBePrincipal,
  onGroup,
} from '#src/gateway/methods/group-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

export const getMe = method(group.getMe, {
  ...aboutGroup,
  oauth: mayCall(group.getMe),
  run: async ({ account, did, caller }) => {
    const {
      name: role,
      revision: _,
      asOf: __,
      ...more
    } = await account.group.authorize({
      member: caller.did,
    })
    return { did, role, ...more, manage: [...more.manage] }
  },
})

export const list = method(group.list, {
  auth: 'principal',
  oauth: mayCall(group.list),
  run: ({ caller: { did: member, group: account }, params, server }) =>
    // An app that acts as a group must not learn what else its member belongs to.
    server.dispatch.directory.memberships.list({
      ...{ ...params, member },
      ...(account !== undefined && { account }),
    }),
})

export const listMembers = method(group.listMembers, {
  ...aboutGroup,
  oauth: mayCall(group.listMembers),
  run: (call) => {
    const { account: _, ...page } = call.params
    return call.account.group.listMembers({ by: byOf(call), ...page })
  },
})

export const addMember = method(group.addMember, {
  ...onGroup,
  oauth: mayCall(group.addMember),
  run: async (call) => {
    const { did, role, kind, expiresAt, note } = call.input
    await mustBePrincipal(call.server, did)
    return call.account.group.addMember({
      ...{ by: byOf(call), did, role },
      ...(kind !== undefined && { kind: kind === 'service' ? 'service' : 'person' }),
      ...(expiresAt !== undefined && { expiresAt: momentOf(expiresAt) }),
      ...(note !== undefined && { note }),
    })
  },
})

export const updateMember = method(group.updateMember, {
  ...onGroup,
  oauth: mayCall(group.updateMember),
  run: (call) => {
    const { did, role, expiresAt, note } = call.input
    return call.account.group.updateMember({
      ...{ by: byOf(call), did },
      ...(role !== undefined && { role }),
      ...(expiresAt !== undefined && {
        expiresAt: expiresAt === null ? null : momentOf(expiresAt),
      }),
      ...(note !== undefined && { note }),
    })
  },
})

export const removeMember = method(group.removeMember, {
  ...onGroup,
  oauth: mayCall(group.removeMember),
  run: async (call) => {
    await call.account.group.removeMember({ by: byOf(call), did: call.input.did })
    return undefined
  },
})

export const leave = method(group.leave, {
  ...onGroup,
  oauth: mayCall(group.leave),
  run: async (call) => {
    await call.account.group.removeMember({ by: byOf(call), did: call.caller.did })
    return undefined
  },
})
