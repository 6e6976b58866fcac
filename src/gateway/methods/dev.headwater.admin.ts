/** dev.headwater.admin: the operator creates tenants, sets their quotas, suspends and restores them. */
import { invalidRequest } from '#src/errors.ts'
import { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { deleteTenants } from '#src/gateway/tenants/deletion.ts'
import { sweepTenants } from '#src/gateway/tenants/sweep.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { parseTenantId, type TenantQuotas } from '#src/rules/tenants.ts'

export const createTenant = method(admin.createTenant, {
  auth: 'admin',
  run: async ({ input: { id, name = id, did, quotas }, server: { dispatch } }) => {
    const given = {
      ...{ id: parseTenantId(id), name },
      ...(did !== undefined && { did }),
      ...(quotas !== undefined && { quotas: knownQuotas(quotas) }),
    }
    // Only the operator can name a tenant that does not exist yet, and so create its actor.
    await dispatch.tenant(id).audit.add(byOperator('createTenant', given))
    return tenantView(await dispatch.directory.tenants.create(given))
  },
})

export const updateTenant = method(admin.updateTenant, {
  auth: 'admin',
  run: async ({ input: { id, name, did, quotas }, server: { dispatch } }) => {
    if (did && !isAtprotoDid(did)) throw invalidRequest(`Not a DID: ${did}`)
    const given = {
      id,
      ...(name !== undefined && { name }),
      ...(did !== undefined && { did: did === '' ? null : did }),
      ...(quotas !== undefined && { quotas: knownQuotas(quotas) }),
    }
    if ((await dispatch.directory.tenants.get({ id })) !== null) {
      await dispatch.tenant(id).audit.add(byOperator('updateTenant', given))
    }
    return tenantView(await dispatch.directory.tenants.update(given))
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

/** The accounts are deleted or detached in the background, and then the tenant. */
export const deleteTenant = method(admin.deleteTenant, {
  auth: 'admin',
  run: async ({ input: { id, keepAccounts = false, reason }, server }) => {
    const { dispatch, backgroundTasks } = server
    const { log } = server.identity
    if ((await dispatch.directory.tenants.get({ id })) !== null) {
      const row = byOperator('deleteTenant', { id, keepAccounts, reason })
      await dispatch.tenant(id).audit.add(row)
    }
    const tenant = await dispatch.directory.tenantDeletion.begin({ id, keepAccounts })
    const deleteAccount = (did: string) => server.deleteAccount(did)
    backgroundTasks.runIfFree(() => deleteTenants({ dispatch, log, deleteAccount }))
    return tenantView(tenant)
  },
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
    // It asks by itself within a day of its next use.
    await dispatch
      .account(did)
      .history.followTenant()
      .catch(() => {})
    return undefined
  },
})

/** A row of the audit log of a tenant. */
function byOperator(action: string, { id, ...detail }: { id: string; [name: string]: unknown }) {
  return { actor: 'operator', action, target: id, detail: JSON.stringify(detail) }
}

/** The accounts are suspended or restored in the background. */
async function changeStatus(
  { dispatch, backgroundTasks, identity: { log } }: ServerContext,
  status: 'active' | 'suspended',
  { id, reason }: { id: string; reason?: string },
) {
  const action = status === 'active' ? 'restoreTenant' : 'suspendTenant'
  const known = await dispatch.directory.tenants.get({ id })
  if (known !== null) {
    await dispatch.tenant(id).audit.add(byOperator(action, { id, reason }))
  }
  const tenant = await dispatch.directory.tenants.setStatus({
    ...{ id, status },
    ...(reason !== undefined && { reason }),
  })
  backgroundTasks.runIfFree(() => sweepTenants({ dispatch, log }))
  return tenantView(tenant)
}

/** Without the members that the lexicon does not know. */
function knownQuotas({
  accounts,
  groups,
  accountsPerHour,
  domains,
  historyDays,
}: Partial<TenantQuotas>) {
  return {
    ...(accounts !== undefined && { accounts }),
    ...(groups !== undefined && { groups }),
    ...(accountsPerHour !== undefined && { accountsPerHour }),
    ...(domains !== undefined && { domains }),
    ...(historyDays !== undefined && { historyDays }),
  }
}
