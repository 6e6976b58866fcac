/** The routes of the tenant console. */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import type { Area } from '#src/gateway/pages/area/area.ts'
import { type AreaContext, areaRoutes } from '#src/gateway/pages/area/area-routes.ts'
import { badge, emptyState, table } from '#src/gateway/pages/blocks.ts'
import { openPageSession, type PageSession } from '#src/gateway/pages/page-session.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'
import { signInPage } from '#src/gateway/pages/sign-in/own-page.ts'
import { keysPage } from '#src/gateway/pages/tenant/access.ts'
import { accountPage } from '#src/gateway/pages/tenant/account.ts'
import { accountsPage } from '#src/gateway/pages/tenant/accounts.ts'
import { auditPage } from '#src/gateway/pages/tenant/audit.ts'
import { brandingPage } from '#src/gateway/pages/tenant/branding.ts'
import { casePage } from '#src/gateway/pages/tenant/case.ts'
import { createPage } from '#src/gateway/pages/tenant/create.ts'
import { domainsPage } from '#src/gateway/pages/tenant/domains.ts'
import { endpointPage } from '#src/gateway/pages/tenant/endpoint.ts'
import { readTenantForm } from '#src/gateway/pages/tenant/form-with-file.ts'
import { invitesPage } from '#src/gateway/pages/tenant/invites.ts'
import { jobPage } from '#src/gateway/pages/tenant/job.ts'
import { moderationPage } from '#src/gateway/pages/tenant/moderation.ts'
import { overviewPage } from '#src/gateway/pages/tenant/overview.ts'
import {
  signedInAdmin,
  type TenantContext,
  type TenantVisit,
  tenantPath,
  visitTenant,
} from '#src/gateway/pages/tenant/tenant-visit.ts'
import { tenantTexts, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import { webhooksPage } from '#src/gateway/pages/tenant/webhooks.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export function tenantArea(context: TenantContext): Area<TenantVisit> {
  return {
    path: `${tenantPath}/:tenant`,
    pages: [
      overviewPage,
      accountsPage,
      accountPage,
      createPage,
      jobPage,
      moderationPage,
      casePage,
      domainsPage,
      invitesPage,
      webhooksPage,
      endpointPage,
      keysPage,
      brandingPage,
      auditPage,
    ],
    visit: (c, session) => visitTenant(context, c, session),
  }
}

export function tenantPages(app: Hono<Env>, context: TenantContext & AreaContext): void {
  app.get(tenantPath, (c) => choose(context, c))
  const readForm = (c: Context<Env>) => readTenantForm(c, context.bodyTimeoutMs)
  areaRoutes(app, { ...context, readForm }, tenantArea(context))
}

/** The tenants of the account; redirects if there is only one. */
async function choose(context: TenantContext, c: Context<Env>): Promise<Response> {
  const session: PageSession = openPageSession(c, context, context.server.service.publicUrl)
  try {
    const { tenants } = await signedInAdmin(context, session)
    const [first, ...more] = tenants
    if (first !== undefined && more.length === 0) {
      return new Response(null, {
        status: 303,
        headers: { location: `${tenantPath}/${first.tenant}` },
      })
    }
    const { text } = tenantTexts(session)
    const rows = tenants.map(({ tenant, role }) => [
      html`<a href="${tenantPath}/${tenant}">${tenant}</a>`,
      badge(wordOf(text, 'role', role)),
    ])
    const empty = emptyState(text('noPlatforms'))
    const body = table({
      ...{ label: text('platforms'), head: [text('platform'), text('yourRole')], rows, empty },
    })
    return await renderPage(session, { title: { text: text('platforms') }, body, narrow: true })
  } catch (error) {
    const isSignedOut = error instanceof XrpcError && error.status === 401
    if (!isSignedOut) throw error
    const page = await signInPage(context, session, { next: tenantPath })
    return withCookies(c, page)
  }
}
