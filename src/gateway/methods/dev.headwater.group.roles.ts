/** dev.headwater.group: roles, the audit log and the export of a group. */
import { roleFlags, roleScope } from '#src/gateway/group/role-scopes.ts'
import { aboutGroup, byOf, mayCall, momentOf, onGroup } from '#src/gateway/methods/group-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

export const listRoles = method(group.listRoles, {
  ...aboutGroup,
  oauth: mayCall(group.listRoles),
  run: async (call) => {
    const { roles } = await call.account.group.listRoles({ by: byOf(call) })
    return { roles: roles.map((role) => ({ ...role, manage: [...role.manage] })) }
  },
})

export const putRole = method(group.putRole, {
  ...onGroup,
  oauth: mayCall(group.putRole),
  run: async (call) => {
    const { name, scope, manage } = call.input
    const role = await call.account.group.putRole({
      ...{ by: byOf(call), name, scope: roleScope(scope), manage: roleFlags(manage) },
    })
    return { ...role, manage: [...role.manage] }
  },
})

export const deleteRole = method(group.deleteRole, {
  ...onGroup,
  oauth: mayCall(group.deleteRole),
  run: async (call) => {
    await call.account.group.deleteRole({ by: byOf(call), name: call.input.name })
    return undefined
  },
})

export const getAuditLog = method(group.getAuditLog, {
  ...aboutGroup,
  oauth: mayCall(group.getAuditLog),
  run: (call) => {
    const { account: _, since, ...query } = call.params
    return call.account.group.getAuditLog({
      ...{ by: byOf(call), ...query },
      ...(since !== undefined && { since: momentOf(since) }),
    })
  },
})

export const exportGroup = method(group.export, {
  ...aboutGroup,
  auth: 'full principal',
  oauth: mayCall(group.export),
  run: async (call) => {
    const { account: _, ...page } = call.params
    const { roles, ...exported } = await call.account.group.export({ by: byOf(call), ...page })
    return { ...exported, roles: roles.map((role) => ({ ...role, manage: [...role.manage] })) }
  },
})
