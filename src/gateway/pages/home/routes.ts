/**
 * The pages that need no account: the landing page, the status, and what a browser gets where there is no page. Callers that do
 * not ask for text/html get what the reference PDS answers.
 */
import type { Context, Hono } from 'hono'
import type { AddressedRequest } from '#src/gateway/http/client-address.ts'
import { isServiceHandle } from '#src/gateway/identity/handle-rules.ts'
import type { Health } from '#src/gateway/operator/health.ts'
import { landingView } from '#src/gateway/pages/home/landing-view.ts'
import { homeContext } from '#src/gateway/pages/home/texts.ts'
import { errorView, handleView, noAccountView, statusView } from '#src/gateway/pages/home/views.ts'
import { readPageToken } from '#src/gateway/pages/page-session.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

export interface HomePorts {
  server: Pick<ServerContext, 'dispatch' | 'service' | 'handleRules' | 'requestedHost' | 'services'>
  health: Pick<Health, 'isServing' | 'storage'>
  branding: Branding
}

export function homePages(app: Hono<Env>, { server, health, branding }: HomePorts): void {
  const { publicUrl, hostname } = server.service
  const contextOf = (c: C) => homeContext(branding, c.req.header('accept-language'))

  app.get('/', async (c, next) => {
    if (!wantsPage(c)) return next()
    const handle = await handleOfHost(c)
    return handle === undefined ? landing(c) : ofHandle(c, handle)
  })

  app.get('/status', async (c, next) => {
    if (!wantsPage(c)) return next()
    const context = contextOf(c)
    const [isServing, storage] = await Promise.all([health.isServing(), health.storage()])
    return renderPage(context, statusView(context, { isServing, storage }))
  })

  async function landing(c: C): Promise<Response> {
    const context = contextOf(c)
    const { domains } = await server.handleRules()
    const { inviteRequired, contactEmail } = server.service
    const isSignedIn = readPageToken(c.req.header('cookie'), publicUrl) !== undefined
    const landing = { publicUrl, domains, inviteRequired, contactEmail, isSignedIn }
    return renderPage(context, landingView(context, landing))
  }

  /** The host that was asked for, if it may be a handle. */
  async function handleOfHost(c: C): Promise<string | undefined> {
    // Tests without a socket have no Node request.
    const request = c.env?.incoming ?? { socket: {}, headers: c.req.header() }
    const host = server.requestedHost(request as AddressedRequest)
    if (host === hostname) return undefined
    const { allDomains } = await server.handleRules()
    return isServiceHandle(host, allDomains) ? host : undefined
  }

  async function ofHandle(c: C, handle: string): Promise<Response> {
    const context = contextOf(c)
    const found = await server.dispatch.directory.accounts.resolveHandle({ handle })
    if (found === null) {
      return renderPage(context, noAccountView(context, { handle, homeUrl: publicUrl }))
    }
    const hasAppView = server.services.appView !== undefined
    const profileUrl = hasAppView ? `https://bsky.app/profile/${handle}` : undefined
    const view = handleView(context, { handle, did: found.did, homeUrl: publicUrl, profileUrl })
    return renderPage(context, view)
  }
}

/** The page for an error outside of XRPC, if a browser asks. */
export function errorPage(
  c: C,
  branding: Branding | undefined,
  status: number,
): Promise<Response> | undefined {
  if (branding === undefined || !wantsPage(c)) return undefined
  const context = homeContext(branding, c.req.header('accept-language'))
  return renderPage(context, errorView(context, status))
}

function wantsPage(c: C): boolean {
  const { path } = c.req
  if (path.startsWith('/xrpc/') || path.startsWith('/.well-known/')) return false
  return c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html')
}
