/** A request to the console of a tenant: the admin, with the current role. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { Visit } from '#src/gateway/pages/area/area.ts'
import {
  type CallMethod,
  callMethodsAs,
  type MethodPorts,
} from '#src/gateway/pages/area/call-methods.ts'
import { requireOwner } from '#src/gateway/pages/owner.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import { type TenantMessages, tenantTexts } from '#src/gateway/pages/tenant/texts.ts'
import type { TenantCredentials } from '#src/gateway/tenants/credentials.ts'
import type { CallingTenant } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { TenantAuthority } from '#src/rules/tenants.ts'

export const tenantPath = '/tenant'

export interface TenantContext extends PageContext, Omit<MethodPorts, 'rateLimits'> {
  server: ServerContext
  tenants: Pick<TenantCredentials, 'ofDid'>
}

export interface TenantVisit extends Visit {
  context: TenantContext
  tenant: CallingTenant
  /** For the methods of dev.headwater.tenant and dev.headwater.webhook. */
  call: CallMethod
  may(authority: TenantAuthority): boolean
  text: TenantMessages['text']
}

export interface SignedInAdmin {
  did: string
  name: string
  /** Its tenants. */
  tenants: readonly { tenant: string; role: string }[]
}

/** Throws 401 unless the browser has a session of an account here. */
export async function signedInAdmin(
  context: TenantContext,
  session: PageSession,
): Promise<SignedInAdmin> {
  const { pageToken, name } = await requireOwner(context, session)
  const { did } = pageToken
  const { directory } = context.server.dispatch
  return { did, name, tenants: await directory.tenants.of({ did, named: undefined }) }
}

/** Throws 404 if the tenant does not exist or the account is not an admin of it; 403 TenantSuspended. */
export async function visitTenant(
  context: TenantContext,
  c: Context<Env>,
  session: PageSession,
): Promise<TenantVisit> {
  const { did, name, tenants } = await signedInAdmin(context, session)
  const { text } = tenantTexts(session)
  const id = c.req.param('tenant') ?? ''
  if (!tenants.some(({ tenant }) => tenant === id)) {
    throw new XrpcError(404, 'NotFound', text('noSuchPlatform'))
  }
  const caller = await context.tenants.ofDid(did, id)
  const { tenant } = caller
  return {
    ...{ session, owner: name, context, tenant },
    ...{ base: `${tenantPath}/${id}`, label: tenant.name },
    call: callMethodsAs(context, c, caller),
    may: (authority) => tenant.authorities.includes(authority),
    text,
  }
}
