/** The routes below /account/security. */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { renderSecurityPage } from '#src/gateway/pages/account/area.ts'
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
import {
  mailStepCode,
  signInPage,
  stepPage,
  submitPasskey,
  submitPassword,
  submitStep,
} from '#src/gateway/pages/sign-in.ts'
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
      const note = {
        text: session.messages.text('failed', { reason: 'Internal Server Error' }),
        bad: true,
      }
      return renderSignIn(session, note, error instanceof XrpcError ? error.status : 500)
    }
    const isStale = error.error === 'StalePage'
    if (error.status === 401 || isStale) {
      // Without a note if the page was only opened.
      const isGet = c.req.method === 'GET'
      const text = session.messages.text(isStale ? 'pageExpired' : 'sessionEnded')
      return renderSignIn(
        session,
        isGet ? undefined : { text, bad: true },
        isGet ? 200 : error.status,
        c,
      )
    }
    const note = errorNote(session, error)
    // Between the two steps of a sign-in there is no overview yet, only the second step.
    return overview(session, note, error.status)
      .catch(async (reason) => {
        if (!isSignedOut(reason) || session.pageToken === undefined) throw reason
        const page = await stepPage(context, session, session.pageToken, { note })
        return new Response(page.body, { status: error.status, headers: page.headers })
      })
      .catch((reason) => {
        if (!isSignedOut(reason)) throw reason
        return renderSignIn(session, note, error.status)
      })
  }

  function errorNote({ messages }: PageSession, { error, status, message }: XrpcError): Note {
    if (status === 429) return { text: messages.text('tooManyAttempts'), bad: true }
    // Wrong codes are handled by their own pages, so this is a passkey's response.
    const isPasskey = error === 'InvalidToken'
    const text = isPasskey
      ? messages.text('wrongPasskey')
      : messages.text('failed', { reason: message })
    return { text, bad: true }
  }

  async function renderSignIn(session: PageSession, note: Note | undefined, status: number, c?: C) {
    const next = c && returnTo(c)
    const page = await signInPage(context, session, {
      ...(note && { note }),
      ...(next && { next }),
    })
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
    // Coming from an app's sign-in, show the sign-in page even with a session, since it leads back to the app.
    if (returnTo(c) !== undefined) return renderSignIn(session, undefined, 200, c)
    const isDone = c.req.query('done') !== undefined
    return overview(session, isDone ? { text: session.messages.text('done') } : undefined)
  })
  get('/events', async (_, session) => {
    const { account, name } = await ownerOf(session)
    const { events } = await account.factors.events()
    return renderSecurityPage(session, { ...eventsView(session, events, name), owner: name })
  })

  get('/sign-in', (c, session) => renderSignIn(session, undefined, 200, c))
  post('/sign-in', (c, session, form) => submitPassword(context, c, session, form))
  post('/sign-in/passkey', (c, session, form) => submitPasskey(context, c, session, form))
  const requirePageToken = async (session: PageSession) => {
    await requireAccount(context, session)
    return session.pageToken!
  }
  get('/step', async (_, session) => stepPage(context, session, await requirePageToken(session)))
  post('/step', async (c, session, form) =>
    submitStep(context, c, session, await requirePageToken(session), form),
  )
  post('/step/mail', async (_, session, form) =>
    mailStepCode(context, session, await requirePageToken(session), form),
  )
  post('/sign-out', async (c, session) => {
    const { pageToken } = session
    if (pageToken !== undefined)
      await (await requireAccount(context, session)).page.end({ token: pageToken.token })
    setPageToken(c, publicUrl, undefined)
    return c.redirect(`${securityPath}/sign-in`, 303)
  })

  settingsRoutes(context, { get, post, requireOwner: ownerOf })
  get('/*', (_, session) => renderPage(session, notFoundView(session)))
}

function isSignedOut(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 401
}
