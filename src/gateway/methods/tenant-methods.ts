/** What the methods of dev.headwater.tenant have in common: whose accounts they see, and the audit log. */
import type { TenantAccount } from '#src/directory/tenant-accounts.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface TenantCall {
  caller: TenantCaller
  server: ServerContext
}

/** Call it before any change: then a row may be about a call that is refused afterwards, but no change is without one. */
export async function addAudit(
  { caller: { tenant }, server }: TenantCall,
  action: string,
  { target, ...detail }: { target?: string; [name: string]: unknown } = {},
): Promise<void> {
  await server.dispatch.tenant(tenant.id).audit.add({
    ...{ actor: tenant.by, action, detail: JSON.stringify(detail) },
    ...(target !== undefined && { target }),
  })
}

/** An account of the tenant. Throws 400 AccountNotFound, also for an account that is not the tenant's. */
export async function mustOwn(
  { caller: { tenant }, server }: TenantCall,
  name: { did?: string; handle?: string; externalId?: string },
): Promise<TenantAccount> {
  const { tenantAccounts } = server.dispatch.directory
  const account = await tenantAccounts.find({ ...name, tenant: tenant.id })
  if (account === null) throw invalidRequest('Account not found', 'AccountNotFound')
  return account
}

/** Throws 403 AlreadyClaimed if a user has signed up for the account: the tenant could take it over. */
export async function mustBeCustodial({ server }: TenantCall, did: string): Promise<void> {
  if (!(await server.dispatch.directory.tenantAccounts.hasSignedUp({ did }))) return
  throw forbidden('The user of this account has signed up for it', 'AlreadyClaimed')
}
