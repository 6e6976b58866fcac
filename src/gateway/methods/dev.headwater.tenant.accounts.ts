/** dev.headwater.tenant: the accounts of the tenant. It neither sees nor changes any others. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { updateHandle } from '#src/gateway/identity/update-handle.ts'
import { exportCar, exporterOf } from '#src/gateway/methods/export-car.ts'
import {
  addAudit,
  addReadAudit,
  mustBeCustodial,
  mustOwn,
} from '#src/gateway/methods/tenant-methods.ts'
import { accountView } from '#src/gateway/methods/tenant-views.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const listAccounts = method(tenant.listAccounts, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: async (call) => {
    const { caller, params, server } = call
    await addReadAudit(call, 'listAccounts')
    const { tenantAccounts } = server.dispatch.directory
    const filter = { ...params, tenant: caller.tenant.id }
    const { accounts, ...page } = await tenantAccounts.list(filter)
    return { accounts: accounts.map(accountView), ...page }
  },
})

export const getAccount = method(tenant.getAccount, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: async (call) => {
    const { did, handle, externalId } = call.params
    const given = [did, handle, externalId].filter((name) => name !== undefined)
    if (given.length !== 1) throw invalidRequest('Give one of did, handle and externalId')
    await addReadAudit(call, 'getAccount')
    return accountView(await mustOwn(call, call.params))
  },
})

export const updateAccount = method(tenant.updateAccount, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { did, handle, email, externalId } = call.input
    await mustOwn(call, { did })
    if (email !== undefined) await mustBeCustodial(call, did)
    await addAudit(call, 'updateAccount', { target: did, ...call.input })
    const { dispatch, identity } = call.server
    if (externalId !== undefined) {
      const name = { did, tenant: call.caller.tenant.id, externalId }
      await dispatch.directory.tenantAccounts.setExternalId(name)
    }
    if (handle !== undefined) await updateHandle(identity, { did, handle })
    // By another address the tenant could reset the password, and take the account back.
    if (email !== undefined) await dispatch.account(did).email.set({ email, unlessClaimed: true })
    return accountView(await mustOwn(call, { did }))
  },
})

export const suspendAccount = method(tenant.suspendAccount, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { did, reason } = call.input
    await mustOwn(call, { did })
    await addAudit(call, 'suspendAccount', { target: did, reason })
    const { dispatch } = call.server
    const account = dispatch.account(did)
    const { status, suspendedAt } = await account.moderation.getState()
    const isSuspended = suspendedAt != null || status === 'suspended'
    const { tenantAccounts } = dispatch.directory
    if (!(await tenantAccounts.beginSuspension({ did, by: 'tenant', isSuspended }))) {
      throw suspendedByOperator()
    }
    await account.lifecycle.changeState({ suspended: true })
    return accountView(await mustOwn(call, { did }))
  },
})

export const restoreAccount = method(tenant.restoreAccount, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { did, reason } = call.input
    const { status, suspendedBy } = await mustOwn(call, { did })
    await addAudit(call, 'restoreAccount', { target: did, reason })
    if (suspendedBy !== 'tenant') {
      if (status === 'suspended') throw suspendedByOperator()
      return accountView(await mustOwn(call, { did }))
    }
    const { dispatch } = call.server
    await dispatch.account(did).lifecycle.changeState({ suspended: false })
    await dispatch.directory.tenantAccounts.endSuspension({ did })
    return accountView(await mustOwn(call, { did }))
  },
})

export const deleteAccount = method(tenant.deleteAccount, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { did, reason } = call.input
    const { handle, externalId } = await mustOwn(call, { did })
    await addAudit(call, 'deleteAccount', { target: did, reason, handle, externalId })
    await call.server.deleteAccount(did)
    return undefined
  },
})

export const exportAccount = method(tenant.exportAccount, {
  auth: 'tenant',
  tenantScope: 'export',
  run: async (call) => {
    const { did } = call.params
    await mustOwn(call, { did })
    await addAudit(call, 'exportAccount', { target: did })
    const account = call.server.dispatch.account(did)
    const car = await exportCar(account, { from: exporterOf(call.server, call.incoming) }, 'self')
    if (call.request.method === 'HEAD') await car.return()
    return car
  },
})

function suspendedByOperator() {
  return forbidden('The operator of the server has suspended this account')
}
