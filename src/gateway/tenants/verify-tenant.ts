/** Verifies who acts for a tenant: the operator, or a caller with an API key or a service token. */
import { authRequired, forbidden } from '#src/errors.ts'
import { bearerToken } from '#src/gateway/http/authorization-header.ts'
import { isApiKey } from '#src/gateway/tenants/api-key.ts'
import type { TenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { type AdminPassword, isBasic, verifyAdmin } from '#src/gateway/xrpc/admin-auth.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import { verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'

interface TenantPorts extends AdminPassword {
  /** If absent, no one can act for a tenant. */
  tenants?: TenantCredentials
  serviceDid: string
  resolver: DidResolver
  clock: Clock
}

/** The admin names the tenant in the header `tenant`; so does an admin of several tenants. An API key has one. */
export async function verifyTenant(
  ports: TenantPorts,
  header: string | undefined,
  lxm: string,
  named: string | undefined,
): Promise<Callers['tenant']> {
  const { tenants, serviceDid: aud, resolver, clock } = ports
  if (tenants === undefined) throw authRequired('Authentication Required')
  if (isBasic(header)) {
    verifyAdmin(ports, header)
    return tenants.ofOperator(named)
  }
  const token = bearerToken(header)
  if (isApiKey(token)) return tenants.ofKey(token, named)
  const caller = await verifyServiceAuth(token, { aud, lxm }, resolver, clock.now())
  if (caller.isLimited) {
    throw forbidden('This service token was issued to an app, or to an app password')
  }
  return tenants.ofDid(caller.iss.split('#', 1)[0]!, named)
}
