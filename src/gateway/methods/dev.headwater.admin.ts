/** dev.headwater.admin: the operator creates tenants, sets their quotas, suspends and restores them. */
import { invalidRequest } from '#src/errors.ts'
import { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { sweepTenants } from '#src/gateway/tenants/sweep.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { parseTenantId, type TenantQuotas, type TenantStatus } from '#src/rules/tenants.ts'

export const createTenant = method(admin.createTenant, {
  auth: 'admin',
  run: async ({ input: { id, name = id, did, quotas }, server: { dispatch } }) => {
    const tenant = await dispatch.directory.tenants.create({
      ...{ id: parseTenantId(id), name },
      ...(did !== undefined && { did }),
      ...(quotas !== undefined && { quotas: knownQuotas(quotas) }),
    })
    return tenantView(tenant)
  },
})

export const updateTenant = method(admin.updateTenant, {
  auth: 'admin',
  run: async ({ input: { id, name, did, quotas }, server: { dispatch } }) => {
    if (did && !isAtprotoDid(did)) throw invalidRequest(`Not a DID: ${did}`)
    const tenant = await dispatch.directory.tenants.update({
      id,
      ...(name !== undefined && { name }),
      ...(did !== undefined && { did: did === '' ? null : did }),
      ...(quotas !== undefined && { quotas: knownQuotas(quotas) }),
    })
    return tenantView(tenant)
  },
})

export const listTenants = method(admin.listTenants, {
  auth: 'admin',
  run: async ({ params, server: { dispatch } }) => {
    const { tenants, ...page } = await dispatch.directory.tenants.list(params)
    return { tenants: tenants.map(tenantView), ...page }
  },
})

export const suspendTenant = method(admin.suspendTenant, {
  auth: 'admin',
  run: ({ input, server }) => changeStatus(server, 'suspended', input),
})

export const restoreTenant = method(admin.restoreTenant, {
  auth: 'admin',
  run: ({ input, server }) => changeStatus(server, 'active', input),
})

export const moveAccount = method(admin.moveAccount, {
  auth: 'admin',
  run: async ({ input: { did, tenant, externalId }, server: { dispatch } }) => {
    const id = tenant === '' ? null : tenant
    if (id !== null && (await dispatch.directory.tenants.get({ id })) !== null) {
      const entry = { actor: 'operator', action: 'moveAccount', target: did }
      await dispatch.tenant(id).audit.add(entry)
    }
    const name = externalId === undefined ? {} : { externalId }
    await dispatch.directory.tenantAccounts.move({ did, tenant: id, ...name })
    return undefined
  },
})

/** The accounts are suspended or restored in the background. */
async function changeStatus(
  { dispatch, backgroundTasks, identity: { log } }: ServerContext,
  status: TenantStatus,
  { id, reason }: { id: string; reason?: string },
) {
  const action = status === 'active' ? 'restoreTenant' : 'suspendTenant'
  const known = await dispatch.directory.tenants.get({ id })
  if (known !== null) {
    const detail = JSON.stringify({ reason })
    await dispatch.tenant(id).audit.add({ actor: 'operator', action, target: id, detail })
  }
  const tenant = await dispatch.directory.tenants.setStatus({ id, status })
  backgroundTasks.runIfFree(() => sweepTenants({ dispatch, log }))
  return tenantView(tenant)
}

/** Without the members that the lexicon does not know. */
function knownQuotas({ accounts, groups, accountsPerHour, domains }: Partial<TenantQuotas>) {
  return {
    ...(accounts !== undefined && { accounts }),
    ...(groups !== undefined && { groups }),
    ...(accountsPerHour !== undefined && { accountsPerHour }),
    ...(domains !== undefined && { domains }),
  }
}
