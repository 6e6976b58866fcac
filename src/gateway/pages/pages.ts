/** The routes below /account/security. */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { renderSecurityPage } from '#src/gateway/pages/account/area.ts'
import { errorText, serverErrorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import { openOwnSession, requireAccount, requireOwner } from '#src/gateway/pages/owner.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  type PageSession,
  setPageToken,
} from '#src/gateway/pages/page-session.ts'
import { readReturnTo } from '#src/gateway/pages/return-to.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { settingsRoutes } from '#src/gateway/pages/settings.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { flowTo } from '#src/gateway/pages/sign-in/flow.ts'
import { signInPage } from '#src/gateway/pages/sign-in/own-page.ts'
import { signInPath } from '#src/gateway/pages/sign-in/paths.ts'
import { notFoundView } from '#src/gateway/pages/sign-in-views.ts'
import { eventsView, overviewView } from '#src/gateway/pages/views.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

export function securityPages(app: Hono<Env>, context: PageContext): void {
  const { publicUrl } = context.server.service
  const ownerOf = (session: PageSession) => requireOwner(context, session)

  function returnTo(c: C): string | undefined {
    return readReturnTo({ url: c.req.url, cookie: c.req.header('cookie') }, publicUrl)
  }

  function get(path: string, show: (c: C, session: PageSession) => Promise<Response>) {
    app.get(`${securityPath}${path}`, (c) => respond(c, (session) => show(c, session)))
  }

  function post(path: string, act: (c: C, session: PageSession, form: Form) => Promise<Response>) {
    app.post(`${securityPath}${path}`, (c) =>
      respond(c, async (session) => {
        const form = await readForm(c, context.bodyTimeoutMs)
        mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
        return act(c, session, form)
      }),
    )
  }

  async function respond(
    c: C,
    work: (session: PageSession) => Promise<Response>,
  ): Promise<Response> {
    const session = await openOwnSession(context, c)
    let response: Response
    try {
      response = await work(session)
    } catch (error) {
      response = await errorPage(c, session, error)
      const { headers = {} } = error instanceof XrpcError ? error : {}
      const retry = retryHeader(response.status)['retry-after']
      if (retry !== undefined) response.headers.set('retry-after', headers['retry-after'] ?? retry)
    }
    return withCookies(c, response)
  }

  async function errorPage(c: C, session: PageSession, error: unknown): Promise<Response> {
    if (!(error instanceof XrpcError) || error.status >= 500) {
      context.log.error({ id: c.env?.requestId, err: error }, 'security page failed')
      const note = { text: serverErrorText(session), bad: true }
      return renderSignIn(session, note, error instanceof XrpcError ? error.status : 500)
    }
    const isStale = error.error === 'StalePage'
    if (error.status === 401 || isStale) {
      // Without a note if the page was only opened.
      const isGet = c.req.method === 'GET'
      const text = session.messages.text(isStale ? 'pageExpired' : 'sessionEnded')
      const note = isGet ? undefined : { text, bad: true }
      return renderSignIn(session, note, isGet ? 200 : error.status, isGet ? c.req.path : undefined)
    }
    const note = errorNote(session, error)
    return overview(session, note, error.status).catch((reason) => {
      if (!isSignedOut(reason)) throw reason
      return renderSignIn(session, note, error.status)
    })
  }

  function errorNote(session: PageSession, error: XrpcError): Note {
    const { messages } = session
    if (error.status === 429) return { text: messages.text('tooManyAttempts'), bad: true }
    // Wrong codes are handled by their own pages, so this is a passkey's response.
    const isPasskey = error.error === 'InvalidToken'
    return {
      text: isPasskey ? messages.text('wrongPasskey') : errorText(session, error),
      bad: true,
    }
  }

  async function renderSignIn(
    session: PageSession,
    note: Note | undefined,
    status: number,
    next: string = securityPath,
  ) {
    const page = await signInPage(context, session, { next, note })
    return new Response(page.body, { status, headers: page.headers })
  }

  async function overview(session: PageSession, note?: Note, status = 200): Promise<Response> {
    const { account, name } = await ownerOf(session)
    const [factors, { events }, passkeyOptions] = await Promise.all([
      account.factors.overview(),
      account.factors.events(),
      account.factors.beginPasskeyRegistration(),
    ])
    const view = overviewView(session, {
      factors,
      events,
      passkeyOptions,
      owner: name,
      note,
    })
    return renderSecurityPage(session, { ...view, owner: name, status })
  }

  get('', async (c, session) => {
    // Back to the sign-in for an app, which has all steps.
    const toApp = returnTo(c)
    if (toApp !== undefined) return c.redirect(toApp, 303)
    const isDone = c.req.query('done') !== undefined
    return overview(session, isDone ? { text: session.messages.text('done') } : undefined)
  })
  get('/events', async (_, session) => {
    const { account, name } = await ownerOf(session)
    const { events } = await account.factors.events()
    return renderSecurityPage(session, { ...eventsView(session, events, name), owner: name })
  })

  // Links and forms of earlier releases.
  const flow = flowTo(securityPath)
  app.all(`${securityPath}/sign-in/*`, (c) => c.redirect(flow.link(), 303))
  app.all(`${securityPath}/sign-in`, (c) => c.redirect(flow.link(), 303))
  app.all(`${securityPath}/step/*`, (c) => c.redirect(flow.link({ page: 'step' }), 303))
  app.all(`${securityPath}/step`, (c) => c.redirect(flow.link({ page: 'step' }), 303))
  post('/sign-out', async (c, session) => {
    const { pageToken } = session
    if (pageToken !== undefined)
      await (await requireAccount(context, session)).page.end({ token: pageToken.token })
    setPageToken(c, publicUrl, undefined)
    return c.redirect(signInPath, 303)
  })

  settingsRoutes(context, { get, post, requireOwner: ownerOf })
  get('/*', (_, session) => renderPage(session, notFoundView(session)))
}

function isSignedOut(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 401
}
