/** The operator's console: all its pages. */
import type { Hono } from 'hono'
import { accountPage } from '#src/gateway/pages/operator/account.ts'
import { accountPages } from '#src/gateway/pages/operator/accounts.ts'
import { archivePages } from '#src/gateway/pages/operator/archives/pages.ts'
import { auditPages } from '#src/gateway/pages/operator/audit.ts'
import { casePages } from '#src/gateway/pages/operator/case.ts'
import { caseImages } from '#src/gateway/pages/operator/case-image.ts'
import { configurationPages } from '#src/gateway/pages/operator/configuration.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { consoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { domainPages } from '#src/gateway/pages/operator/domains.ts'
import { invitePages } from '#src/gateway/pages/operator/invites.ts'
import { liveRoute } from '#src/gateway/pages/operator/live.ts'
import { moderationPages } from '#src/gateway/pages/operator/moderation.ts'
import { overviewPages } from '#src/gateway/pages/operator/overview.ts'
import { relayPages } from '#src/gateway/pages/operator/relays.ts'
import { serverPages } from '#src/gateway/pages/operator/server-pages.ts'
import { signInRoutes } from '#src/gateway/pages/operator/sign-in-page.ts'
import { takedownPages } from '#src/gateway/pages/operator/takedowns.ts'
import { tenantPages } from '#src/gateway/pages/operator/tenants.ts'
import { webhookPages } from '#src/gateway/pages/operator/webhooks.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export function operatorPages(app: Hono<Env>, ports: ConsolePorts): void {
  signInRoutes(app, ports)
  const routes = consoleRoutes(app, ports)
  overviewPages(ports, routes, liveRoute(app, ports))
  accountPages(ports, routes)
  accountPage(ports, routes)
  const sections = [
    ...[moderationPages, casePages, caseImages, takedownPages],
    ...[tenantPages, invitePages, domainPages, relayPages, webhookPages],
    ...[serverPages, archivePages, configurationPages, auditPages],
  ]
  for (const section of sections) section(ports, routes)
  // Last, since it matches every path.
  routes.get('/*', (call) => call.message(call.text('notFound'), call.text('notFoundHelp'), 404))
}
