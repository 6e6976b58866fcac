/** dev.headwater.tenant: moderation cases about accounts of the tenant, without the reporters and the notes of others. */
import { randomUUID } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import { caseView, entryView } from '#src/gateway/methods/case-views.ts'
import { addAudit, addReadAudit } from '#src/gateway/methods/tenant-methods.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const listCases = method(tenant.listCases, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: async (call) => {
    await addReadAudit(call, 'listCases')
    const filter = { ...call.params, tenant: call.caller.tenant.id }
    const { cases, ...page } = await call.server.dispatch.directory.moderationCases.list(filter)
    return { cases: cases.map(caseView), ...page }
  },
})

export const getCase = method(tenant.getCase, {
  auth: 'tenant',
  tenantScope: 'accounts:read',
  run: async (call) => {
    const { params, caller, server } = call
    await addReadAudit(call, 'getCase')
    const found = await mustOwnCase(call, params.id)
    const { moderationCases } = server.dispatch.directory
    const { entries, ...page } = await moderationCases.listEntries({
      ...{ ...params, tenant: caller.tenant.id },
    })
    return { case: caseView(found), entries: entries.map(entryView), ...page }
  },
})

export const updateCase = method(tenant.updateCase, {
  auth: 'tenant',
  tenantScope: 'accounts:write',
  run: async (call) => {
    const { input, caller, server } = call
    const { id, state, note } = input
    if (state === undefined && note === undefined) throw invalidRequest('Nothing to change')
    const found = await mustOwnCase(call, id)
    if (state !== undefined && found.state === 'closed') {
      throw invalidRequest('The operator has closed this case', 'CaseClosed')
    }
    await addAudit(call, 'updateCase', { target: found.did, case: id, state })
    await server.dispatch.directory.moderationCases.update({
      ...{ entryId: randomUUID(), id, by: caller.tenant.by, tenant: caller.tenant.id },
      ...(state !== undefined && { state }),
      ...(note !== undefined && { text: note }),
    })
    return { case: caseView(await mustOwnCase(call, id)) }
  },
})

/** Throws 400 CaseNotFound, also for a case about an account that is not the tenant's. */
async function mustOwnCase(
  { caller, server }: { caller: TenantCaller; server: ServerContext },
  id: number,
) {
  const { moderationCases } = server.dispatch.directory
  const found = await moderationCases.get({ id, tenant: caller.tenant.id })
  if (found === null) throw invalidRequest('Case not found', 'CaseNotFound')
  return found
}
