/** dev.headwater.tenant: the tenant itself, its usage, audit log, branding, and the history of its accounts. */
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { parseBranding, parseHandlePattern } from '#src/gateway/tenants/branding.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const getTenant = method(tenant.getTenant, {
  auth: 'tenant',
  tenantScope: 'any',
  run: async ({ caller, server }) => {
    // That of the caller may be some seconds old: not what has just been set.
    const { tenants } = server.dispatch.directory
    return tenantView((await tenants.get({ id: caller.tenant.id })) ?? caller.tenant)
  },
})

export const getUsage = method(tenant.getUsage, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: async ({ caller, server }) => {
    const { id, usage, settings } = caller.tenant
    const { directory } = server.dispatch
    const [now, accountsByStatus] = await Promise.all([
      directory.tenants.get({ id }),
      directory.tenantAccounts.count({ tenant: id }),
    ])
    return {
      usage: now?.usage ?? usage,
      quotas: now?.settings.quotas ?? settings.quotas,
      accountsByStatus,
    }
  },
})

export const getAudit = method(tenant.getAudit, {
  auth: 'tenant',
  run: ({ caller, params, server }) => server.dispatch.tenant(caller.tenant.id).audit.list(params),
})

export const putBranding = method(tenant.putBranding, {
  auth: 'tenant',
  run: async (call) => {
    const { name, branding, handlePattern } = call.input
    await addAudit(call, 'putBranding', { ...call.input })
    const updated = await call.server.dispatch.directory.tenants.update({
      id: call.caller.tenant.id,
      ...(name !== undefined && { name }),
      ...(branding !== undefined && { branding: parseBranding(branding) }),
      ...(handlePattern !== undefined && { handlePattern: parseHandlePattern(handlePattern) }),
    })
    return tenantView(updated)
  },
})

export const putHistory = method(tenant.putHistory, {
  auth: 'tenant',
  run: async (call) => {
    const { days: historyDays = null } = call.input
    await addAudit(call, 'putHistory', { ...call.input })
    const { id } = call.caller.tenant
    return tenantView(await call.server.dispatch.directory.tenants.update({ id, historyDays }))
  },
})
