/** One request to a sign-in page, and what its page is shown with. */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { AuthorizationPage } from '#src/gateway/oauth/authorization-page.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Flow } from '#src/gateway/pages/sign-in/flow.ts'
import { type SignInContext, signInTexts } from '#src/gateway/pages/sign-in/texts.ts'
import { withBrand } from '#src/gateway/tenants/brand.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export interface Visit {
  c: Context<Env>
  context: PageContext
  page: AuthorizationPage
  session: PageSession
  flow: Flow
  incoming: IncomingMessage
}

/** `languages` are those that the app asks for, before those of the browser. */
export function viewContext(
  { c, session, flow }: Visit,
  { app, languages }: { app?: string; languages?: string | undefined } = {},
): SignInContext {
  const header = c.req.header('accept-language')
  const accepted = languages === undefined ? header : `${languages},${header ?? ''}`
  const messages = messagesFor(accepted)
  return { ...session, ...{ flow, app, messages }, texts: signInTexts({ messages }) }
}

/** With the brand of the account's tenant, if it has one. */
export async function brandedFor(
  { context }: Visit,
  view: SignInContext,
  did: string,
): Promise<SignInContext> {
  const brand = await context.server.tenantBrand({ did })
  return { ...view, branding: withBrand(view.branding, brand) }
}
