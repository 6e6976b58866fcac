/** Tenants as their methods show them. */
import type { Tenant } from '#src/rules/tenants.ts'

export function tenantView({ settings, did, ...tenant }: Tenant) {
  const { quotas, handlePattern, branding } = settings
  const { id, name, status, createdAt, usage, domains } = tenant
  return {
    ...{ id, name, status, createdAt, quotas, usage, domains },
    ...(did !== null && { did }),
    ...(handlePattern !== undefined && { handlePattern }),
    ...(branding !== undefined && { branding }),
  }
}
