/** dev.headwater.tenant: the domains under which the accounts of a tenant have handles. */
import { invalidRequest } from '#src/errors.ts'
import { addAudit } from '#src/gateway/methods/tenant-methods.ts'
import { domainView } from '#src/gateway/methods/tenant-views.ts'
import { mustBeProven, mustBeUsable, newChallenge } from '#src/gateway/tenants/domains.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const listDomains = method(tenant.listDomains, {
  auth: 'tenant',
  tenantScope: 'domains',
  run: async ({ caller, server }) => {
    const { tenants } = server.dispatch.directory
    const domains = await tenants.listDomains({ tenant: caller.tenant.id })
    return { domains: domains.map(domainView) }
  },
})

export const putDomain = method(tenant.putDomain, {
  auth: 'tenant',
  tenantScope: 'domains',
  run: async (call) => {
    const { labelMin = 3, labelMax = 63 } = call.input
    const { server, caller } = call
    if (labelMin > labelMax) throw invalidRequest('labelMin is greater than labelMax')
    const rules = await server.handleRules()
    const domain = mustBeUsable(call.input.domain, rules, server.service.hostname)
    await addAudit(call, 'putDomain', { target: domain, labelMin, labelMax })
    const { tenants } = server.dispatch.directory
    const claim = { tenant: caller.tenant.id, domain, challenge: newChallenge() }
    const put = await tenants.putDomain({ ...claim, labelMin, labelMax })
    await server.identity.handleRulesCache.readAgain()
    return domainView(put)
  },
})

export const verifyDomain = method(tenant.verifyDomain, {
  auth: 'tenant',
  tenantScope: 'domains',
  run: async (call) => {
    const { server, caller } = call
    const domain = call.input.domain.toLowerCase()
    const { tenants } = server.dispatch.directory
    const all = await tenants.listDomains({ tenant: caller.tenant.id })
    const claimed = all.find((one) => one.domain === domain)
    if (claimed === undefined) {
      throw invalidRequest(`The tenant has not claimed ${domain}`, 'DomainNotFound')
    }
    if (claimed.verifiedAt !== null) return domainView(claimed)
    await mustBeProven(server.identity.resolveTxt, claimed)
    await addAudit(call, 'verifyDomain', { target: domain })
    const { challenge } = claimed
    const verified = await tenants.setDomainVerified({
      ...{ tenant: caller.tenant.id, domain, challenge },
    })
    await server.identity.handleRulesCache.readAgain()
    return domainView(verified)
  },
})

export const deleteDomain = method(tenant.deleteDomain, {
  auth: 'tenant',
  tenantScope: 'domains',
  run: async (call) => {
    const { server, caller } = call
    const domain = call.input.domain.toLowerCase()
    await addAudit(call, 'deleteDomain', { target: domain })
    await server.dispatch.directory.tenants.deleteDomain({ tenant: caller.tenant.id, domain })
    await server.identity.handleRulesCache.readAgain()
    return undefined
  },
})
