/** The routes below /account/security: one page a look, one form a deed. */
import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { forbidden, XrpcError } from '#src/errors.ts'
import type { Owner, PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
  type PageToken,
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
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>
type Form = Record<string, string | undefined>
const LARGEST_FORM = 64 * 1024

/** Adds the routes to `app`. */
export function securityPages(app: Hono<Env>, desk: PageContext): void {
  const { publicUrl } = desk.server.service
  const visit = (c: C) => openPageSession(c, desk.branding, publicUrl)

  /** The owner, by a session that the account knows. Throws 401. */
  async function owner({ pageToken }: PageSession): Promise<Owner> {
    const account = await accountOf(pageToken)
    const { did, token } = pageToken!
    await account.page.check({ token })
    const { handle } = await account.identity.getIdentity()
    return { account, pageToken: { did, token }, name: handle ?? did }
  }

  /** No cookie makes an actor. */
  async function accountOf(shown: PageToken | undefined): Promise<Owner['account']> {
    const did = shown && (await desk.findAccount(shown.did))
    if (did === undefined) throw new XrpcError(401, 'SignedOut', 'You are not signed in')
    return desk.server.dispatch.account(did)
  }

  function onward(c: C): string | undefined {
    return readReturnTo({ url: c.req.url, cookie: c.req.header('cookie') }, publicUrl)
  }

  function get(path: string, show: (c: C, visit: PageSession) => Promise<Response>) {
    app.get(`${securityPath}${path}`, (c) => answered(c, (known) => show(c, known)))
  }

  function post(path: string, act: (c: C, visit: PageSession, form: Form) => Promise<Response>) {
    const limit = bodyLimit({
      maxSize: LARGEST_FORM,
      onError: () => {
        throw forbidden('The form is too long', 'StalePage')
      },
    })
    app.post(`${securityPath}${path}`, limit, (c) =>
      answered(c, async (known) => {
        const form = await formOf(c)
        mustPassCsrfCheck(c, form['csrf'], known, publicUrl)
        return act(c, known, form)
      }),
    )
  }

  /** What goes wrong on a page is told on a page. */
  async function answered(
    c: C,
    work: (visit: PageSession) => Promise<Response>,
  ): Promise<Response> {
    const known = visit(c)
    let response: Response
    try {
      response = await work(known)
    } catch (error) {
      response = await refusal(c, known, error)
    }
    // What Hono has set aside, the cookies, goes along.
    for (const [name, value] of c.newResponse(null).headers) {
      if (name === 'set-cookie' && !response.headers.getSetCookie().includes(value)) {
        response.headers.append(name, value)
      }
    }
    return response
  }

  async function refusal(c: C, known: PageSession, error: unknown): Promise<Response> {
    if (!(error instanceof XrpcError) || error.status >= 500) {
      desk.log.error({ id: c.env?.requestId, err: error }, 'a security page failed')
      const note = {
        text: known.messages.text('notDone', { reason: 'Internal Server Error' }),
        bad: true,
      }
      return signInPageWith(known, note, 500)
    }
    const isStale = error.error === 'StalePage'
    if (error.status === 401 || isStale) {
      // A mere look at a page needs no excuse.
      const isLook = c.req.method === 'GET'
      const text = known.messages.text(isStale ? 'stalePage' : 'sessionOver')
      return signInPageWith(
        known,
        isLook ? undefined : { text, bad: true },
        isLook ? 200 : error.status,
        c,
      )
    }
    return overview(known, noteOf(known, error), error.status)
  }

  function noteOf({ messages }: PageSession, { error, status, message }: XrpcError): Note {
    if (status === 429) return { text: messages.text('tooMany'), bad: true }
    if (error === 'NameTaken') {
      return { text: messages.text('nameTaken'), bad: true, field: 'app-name' }
    }
    // Codes have pages of their own: here it is what a browser made as a passkey.
    const isPasskey = error === 'InvalidToken'
    const text = isPasskey
      ? messages.text('wrongPasskey')
      : messages.text('notDone', { reason: message })
    return { text, bad: true }
  }

  async function signInPageWith(known: PageSession, note: Note | undefined, status: number, c?: C) {
    const next = c && onward(c)
    const page = await signInPage(desk, known, { ...(note && { note }), ...(next && { next }) })
    return new Response(page.body, { status, headers: page.headers })
  }

  async function overview(known: PageSession, note?: Note, status = 200): Promise<Response> {
    const { account, name } = await owner(known)
    const [factors, { passwords }, { events }, passkeyOptions] = await Promise.all([
      account.factors.overview(),
      account.appPassword.list(),
      account.factors.events(),
      account.factors.beginPasskey(),
    ])
    const view = overviewView(known, {
      factors,
      passwords,
      events,
      passkeyOptions,
      owner: name,
      note,
    })
    return renderPage(known, { ...view, status })
  }

  get('', async (c, known) => {
    // From an app's sign-in one signs in, even where there is a session: the way back is what is wanted.
    if (onward(c) !== undefined) return signInPageWith(known, undefined, 200, c)
    const isDone = c.req.query('done') !== undefined
    return overview(known, isDone ? { text: known.messages.text('done') } : undefined)
  })
  get('/events', async (_, known) => {
    const { account, name } = await owner(known)
    const { events } = await account.factors.events()
    return renderPage(known, eventsView(known, events, name))
  })

  get('/sign-in', (c, known) => signInPageWith(known, undefined, 200, c))
  post('/sign-in', (c, known, form) => submitPassword(desk, c, known, form))
  post('/sign-in/passkey', (c, known, form) => submitPasskey(desk, c, known, form))
  const pending = async (known: PageSession) => {
    await accountOf(known.pageToken)
    return known.pageToken!
  }
  get('/step', async (_, known) => stepPage(desk, known, await pending(known)))
  post('/step', async (c, known, form) => submitStep(desk, c, known, await pending(known), form))
  post('/step/mail', async (_, known, form) =>
    mailStepCode(desk, known, await pending(known), form),
  )
  post('/sign-out', async (c, { pageToken }) => {
    if (pageToken !== undefined)
      await (await accountOf(pageToken)).page.end({ token: pageToken.token })
    setPageToken(c, publicUrl, undefined)
    return c.redirect(`${securityPath}/sign-in`, 303)
  })

  settingsRoutes(desk, { get, post, owner })
  get('/*', (_, known) => renderPage(known, notFoundView(known)))
}

async function formOf(c: C): Promise<Form> {
  const type = c.req.header('content-type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw forbidden('Not a form', 'StalePage')
  return Object.fromEntries(new URLSearchParams(await c.req.text()))
}
