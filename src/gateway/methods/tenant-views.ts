/** Tenants, their accounts and domains, as the methods show them. */
import type { TenantAccount } from '#src/directory/tenant-accounts.ts'
import type { TenantDomain } from '#src/directory/tenant-domains.ts'
import { challengeRecord } from '#src/gateway/tenants/domains.ts'
import type { Tenant } from '#src/rules/tenants.ts'

export function tenantView({ settings, did, ...tenant }: Tenant) {
  const { quotas, handlePattern, branding, historyDays } = settings
  const { id, name, status, createdAt, usage, domains } = tenant
  return {
    ...{ id, name, status, createdAt, quotas, usage, domains },
    ...(did !== null && { did }),
    ...(handlePattern !== undefined && { handlePattern }),
    ...(branding !== undefined && { branding }),
    ...(historyDays !== undefined && { historyDays }),
  }
}

/** A tenant sees every suspension that is not its own as the operator's. */
export function accountView({ suspendedBy, externalId, email, ...account }: TenantAccount) {
  const by = suspendedBy === 'tenant' ? 'tenant' : 'operator'
  return {
    ...account,
    ...(account.status === 'suspended' && { suspendedBy: by }),
    ...(externalId !== null && { externalId }),
    ...(email !== null && { email }),
  }
}

export function domainView({ challenge, verifiedAt, ...domain }: TenantDomain) {
  return {
    ...domain,
    ...(verifiedAt !== null && { verifiedAt }),
    record: challengeRecord({ domain: domain.domain, challenge }),
  }
}
