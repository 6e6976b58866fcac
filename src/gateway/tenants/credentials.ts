/** The tenant that a caller acts for: by a verified DID, by an API key, or as the operator. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'
import { hashKey, tenantOfKey } from '#src/gateway/tenants/api-key.ts'
import type { CallingTenant, TenantCaller } from '#src/gateway/xrpc/callers.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { authoritiesOf, type Tenant, tenantScopes } from '#src/rules/tenants.ts'

export interface TenantCredentials {
  /** `named` is the value of the header `tenant`. Throws 400 InvalidRequest, TenantNotFound. */
  ofOperator(named: string | undefined): Promise<TenantCaller>
  /** Throws 401 InvalidApiKey, 403 NotATenant if another tenant is named, TenantSuspended. */
  ofKey(key: string, named: string | undefined): Promise<TenantCaller>
  /** Of a verified DID. Throws 400 if it acts for several tenants and names none, 403 NotATenant, TenantSuspended. */
  ofDid(did: string, named: string | undefined): Promise<TenantCaller>
}

/** A suspension takes effect here after this long; the directory refuses new accounts at once. */
const TTL_MS = 2_000
const MAX_CACHED = 2_000
const OPERATOR = 'operator'

export function openTenantCredentials({
  dispatch,
  clock,
}: {
  dispatch: Pick<Dispatch, 'directory' | 'tenant'>
  clock: Clock
}): TenantCredentials {
  const cached = new BoundedMap<string, { tenant: Tenant | null; until: number }>(MAX_CACHED)

  async function find(id: string): Promise<Tenant | null> {
    const known = cached.get(id)
    if (known !== undefined && clock.now() < known.until) return known.tenant
    const tenant = await dispatch.directory.tenants.get({ id })
    cached.set(id, { tenant, until: clock.now() + TTL_MS })
    return tenant
  }

  return {
    async ofOperator(named) {
      if (named === undefined) throw invalidRequest('Name the tenant in the header "tenant"')
      const tenant = await find(named)
      if (tenant === null) throw invalidRequest(`There is no tenant ${named}`, 'TenantNotFound')
      return callerOf(tenant, OPERATOR, { authorities: [...tenantScopes, 'manage'] })
    },
    async ofKey(key, named) {
      const id = tenantOfKey(key)
      // An unknown tenant has no actor, and must not get one.
      const tenant = id === undefined ? null : await find(id)
      const found = tenant && (await dispatch.tenant(tenant.id).keys.use({ hash: hashKey(key) }))
      if (tenant === null || found === null) {
        throw authRequired('The API key is unknown, or has expired', 'InvalidApiKey')
      }
      if (named !== undefined && named !== tenant.id) {
        throw forbidden(`The API key does not act for the tenant ${named}`, 'NotATenant')
      }
      mustBeActive(tenant)
      const { prefix, scopes, addresses } = found
      return callerOf(tenant, prefix, { authorities: scopes, addresses })
    },
    async ofDid(did, named) {
      const own = await dispatch.directory.tenants.of({ did, named })
      const [first, ...more] = own
      if (first === undefined) throw forbidden(`${did} does not act for a tenant`, 'NotATenant')
      if (more.length > 0) {
        const names = own.map(({ tenant }) => tenant).join(', ')
        throw invalidRequest(`Name one of these tenants in the header "tenant": ${names}`)
      }
      const tenant = await find(first.tenant)
      if (tenant === null) throw forbidden(`${did} does not act for a tenant`, 'NotATenant')
      mustBeActive(tenant)
      return callerOf(tenant, did, { authorities: authoritiesOf(first.role) })
    },
  }
}

function callerOf(
  tenant: Tenant,
  by: string,
  more: Pick<CallingTenant, 'authorities' | 'addresses'>,
): TenantCaller {
  return { tenant: { ...tenant, by, ...more } }
}

function mustBeActive({ status }: Tenant): void {
  if (status !== 'active') throw forbidden('The tenant is suspended', 'TenantSuspended')
}
