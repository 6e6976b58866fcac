/** dev.headwater.tenant: invite codes, with which people sign up as accounts of the tenant. */
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { newTenantInviteCode } from '#src/rules/invite-codes.ts'

export const createInvites = method(tenant.createInvites, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { count = 1, uses = 1 } = call.input
    const { id, by } = call.caller.tenant
    const { dispatch } = call.server
    await addAudit(call, 'createInvites', { count, uses })
    const codes = Array.from({ length: count }, () => newTenantInviteCode(id))
    await dispatch.directory.tenants.createInvites({ tenant: id, codes, uses, by })
    return { codes }
  },
})

export const listInvites = method(tenant.listInvites, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: ({ caller, params, server }) =>
    server.dispatch.directory.tenants.listInvites({ ...params, tenant: caller.tenant.id }),
})

export const disableInvites = method(tenant.disableInvites, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { codes } = call.input
    await addAudit(call, 'disableInvites', { codes })
    const { tenants } = call.server.dispatch.directory
    await tenants.disableInvites({ tenant: call.caller.tenant.id, codes })
    return undefined
  },
})
