/** Shared by the methods that tenants call: access to accounts, and the audit log. */
import type { TenantAccount } from '#src/directory/tenant-accounts.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import type { TenantCaller } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface TenantCall {
  caller: TenantCaller
  server: ServerContext
}

/** Await it before any change: a row may be about a call that is refused afterwards, but no change lacks its row. */
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

/** Call it before private data is read, such as email addresses; one row in an hour for each caller and method. */
export async function addReadAudit(
  { caller: { tenant }, server }: TenantCall,
  action: string,
): Promise<void> {
  await server.dispatch.tenant(tenant.id).audit.addRead({ actor: tenant.by, action })
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

/** Throws 403 AlreadyClaimed if a user had the account before the tenant, which could take it over. */
export async function mustBeCustodial({ server }: TenantCall, did: string): Promise<void> {
  if (await server.dispatch.directory.tenantAccounts.isCustodial({ did })) return
  throw forbidden('A user had this account before the tenant', 'AlreadyClaimed')
}
