/** dev.headwater.admin: the operator makes tenants, and says what they may have. */

import { invalidRequest } from '#src/errors.ts'
import { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { parseTenantId, type TenantQuotas } from '#src/rules/tenants.ts'

export const createTenant = method(admin.createTenant, {
  auth: 'admin',
  run: async ({ input: { id, name = id, did, quotas }, server: { dispatch } }) => {
    const tenant = await dispatch.directory.tenants.create({
      ...{ id: parseTenantId(id), name },
      ...(did !== undefined && { did }),
      ...(quotas !== undefined && { quotas: given(quotas) }),
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
      ...(quotas !== undefined && { quotas: given(quotas) }),
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
  run: async ({ input: { id }, server: { dispatch } }) =>
    tenantView(await dispatch.directory.tenants.setStatus({ id, status: 'suspended' })),
})

export const restoreTenant = method(admin.restoreTenant, {
  auth: 'admin',
  run: async ({ input: { id }, server: { dispatch } }) =>
    tenantView(await dispatch.directory.tenants.setStatus({ id, status: 'active' })),
})

/** Without the members that the lexicon does not know. */
function given({ accounts, groups, accountsPerHour, domains }: Partial<TenantQuotas>) {
  return {
    ...(accounts !== undefined && { accounts }),
    ...(groups !== undefined && { groups }),
    ...(accountsPerHour !== undefined && { accountsPerHour }),
    ...(domains !== undefined && { domains }),
  }
}
