/** Whether the credential of a tenant allows a method, and from this address. */
import { forbidden } from '#src/errors.ts'
import { isInRanges } from '#src/gateway/http/client-address.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

/** Throws 403 Forbidden, ScopeMissingError. */
export function mustHaveAuthority(
  { auth, tenantScope = 'manage' }: Pick<Method, 'auth' | 'tenantScope'>,
  caller: unknown,
  { addressOf }: Pick<ServerContext, 'addressOf'>,
  incoming: ClientInfoSource | undefined,
): void {
  const isOfTenants = auth === 'tenant' || auth === 'admin or tenant'
  if (!isOfTenants || !isTenant(caller)) return
  const { authorities, addresses = [] } = caller.tenant
  if (addresses.length > 0) {
    const isAllowed = incoming !== undefined && isInRanges(addresses)(addressOf(incoming))
    if (!isAllowed) throw forbidden('The API key may not be used from this address')
  }
  if (tenantScope !== 'any' && !authorities.includes(tenantScope)) {
    throw forbidden(`This needs the scope ${tenantScope}`, 'ScopeMissingError')
  }
}

function isTenant(caller: unknown): caller is TenantCaller {
  return typeof caller === 'object' && caller !== null && 'tenant' in caller
}
