/** The signed-in account of the pages: that of the browser's cookie, which is checked for each request. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { Owner, PageContext } from '#src/gateway/pages/page-context.ts'
import { openPageSession, type PageSession } from '#src/gateway/pages/page-session.ts'
import { withBrand } from '#src/gateway/tenants/brand.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

/** The browser's session, with the brand of its account's tenant. */
export async function openOwnSession(context: PageContext, c: Context<Env>): Promise<PageSession> {
  return withOwnBrand(context, openPageSession(c, context, context.server.service.publicUrl))
}

export async function withOwnBrand(
  context: PageContext,
  session: PageSession,
): Promise<PageSession> {
  const { pageToken, branding } = session
  if (pageToken === undefined) return session
  const brand = await context.server.tenantBrand({ did: pageToken.did })
  return { ...session, branding: withBrand(branding, brand) }
}

/** Throws 401 unless the cookie's token is a session of the account. */
export async function requireOwner(context: PageContext, session: PageSession): Promise<Owner> {
  const { pageToken } = session
  const account = await requireAccount(context, session)
  const { did, token } = pageToken!
  await account.page.check({ token })
  const { handle } = await account.identity.getIdentity()
  return { account, pageToken: { did, token }, name: handle ?? did }
}

/** Throws 401 for a DID that is not hosted here, so that a forged cookie creates no actor. */
export async function requireAccount(
  context: PageContext,
  { pageToken, network }: PageSession,
): Promise<Owner['account']> {
  const did = pageToken && (await context.findAccount(pageToken.did))
  if (did === undefined) throw new XrpcError(401, 'SignedOut', 'You are not signed in')
  return context.server.dispatch.account(did, network, 'sign in')
}
