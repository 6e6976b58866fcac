/**
 * /move: begins the move of an account from another server to this one, and signs its owner in here. With the link of an
 * invitation the account is known, and no other invite code is needed.
 */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { movePath } from '#src/gateway/migrations/invites.ts'
import { countAttempt } from '#src/gateway/pages/count-attempts.ts'
import { serverErrorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import { newAccountOf, oldCredentialsOf } from '#src/gateway/pages/move/forms.ts'
import { hereView } from '#src/gateway/pages/move/here-view.ts'
import { findInvited, type Invited } from '#src/gateway/pages/move/invited.ts'
import { refusalOf } from '#src/gateway/pages/move/refusals.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  newPageToken,
  openPageSession,
  type PageSession,
  setPageToken,
} from '#src/gateway/pages/page-session.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

export function moveHerePages(app: Hono<Env>, context: PageContext): void {
  const { publicUrl } = context.server.service
  const { service, dispatch, addressOf } = context.server

  async function show(
    session: PageSession,
    form: Form,
    { note, status = 200, invited }: { note?: Note; status?: number; invited?: Invited } = {},
  ) {
    const { text } = moveTexts(session)
    const title = { text: text('moveHere') }
    if (!service.imports.accepted) {
      const body = html`<p class="lead">${text('importsClosed')}</p>`
      return renderPage(session, { title, body, narrow: true, status })
    }
    const { domains } = invited ?? (await context.server.handleRules())
    const needsCode = service.inviteRequired && invited === undefined
    const body = hereView(session, { form, note, invited, domains, needsCode })
    // A note about a field is shown beside it.
    const above = note?.field === undefined ? note : undefined
    return renderPage(session, { title, body, note: above, status })
  }

  async function begin(
    c: C,
    session: PageSession,
    form: Form,
    invited: Invited | undefined,
  ): Promise<Response> {
    const { migrations } = context
    const incoming = c.env?.incoming
    const client = clientInfoOf(addressOf, incoming)
    const account = newAccountOf(form)
    const identifier = invited?.did ?? (form['identifier'] ?? '').trim()
    await countAttempt(context, c, 'com.atproto.server.createAccount', identifier)
    await countAttempt(context, c, 'com.atproto.server.createSession', identifier)
    context.mustHaveRoom?.()
    const found = await migrations.findElsewhere(identifier)
    await migrations.beginIn(found, oldCredentialsOf(form), account, client.ip)
    const pageToken = newPageToken(found.did)
    const { page } = dispatch.account(found.did, session.network, 'sign in')
    await page.signIn({ password: account.password, token: pageToken.token, client })
    setPageToken(c, publicUrl, pageToken)
    return c.redirect('/account/move', 303)
  }

  app.get(movePath, async (c) => {
    const session = openPageSession(c, context, publicUrl)
    const { account, invite } = c.req.query()
    if (invite === undefined) return withCookies(c, await show(session, {}))
    const invited = await findInvited(context.server, { account, invite })
    if (invited?.hasBegun === true) return c.redirect('/account/move', 303)
    if (invited !== undefined) return withCookies(c, await show(session, {}, { invited }))
    const note = { text: moveTexts(session).text('inviteGone'), bad: true }
    return withCookies(c, await show(session, {}, { note }))
  })

  app.post(movePath, async (c) => {
    const session = openPageSession(c, context, publicUrl)
    let form: Form = {}
    let invited: Invited | undefined
    let response: Response
    try {
      form = await readForm(c, context.bodyTimeoutMs)
      mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
      if (form['account'] !== undefined) {
        invited = await findInvited(context.server, form)
        if (invited === undefined) throw invalidRequest('No such invitation', 'InviteNotFound')
      }
      response = await begin(c, session, form, invited)
    } catch (error) {
      response = await failed(c, { session, form, invited }, error)
    }
    return withCookies(c, response)
  })

  async function failed(
    c: C,
    shown: { session: PageSession; form: Form; invited: Invited | undefined },
    error: unknown,
  ) {
    const { session, form, invited } = shown
    const page = invited && { invited }
    const status = error instanceof XrpcError ? error.status : 500
    const { messages } = session
    if (error instanceof XrpcError && error.error === 'StalePage') {
      const note = { text: messages.text('pageExpired'), bad: true }
      return show(session, form, { ...page, note, status })
    }
    let note: Note
    try {
      note = refusalOf({ messages, texts: moveTexts(session) }, error)
    } catch {
      context.log.error({ id: c.env?.requestId, err: error }, 'page failed')
      note = { text: serverErrorText(session), bad: true }
    }
    const response = await show(session, form, { ...page, note, status })
    const { headers = {} } = error instanceof XrpcError ? error : {}
    const retry = { ...retryHeader(status), ...headers }['retry-after']
    if (retry !== undefined) response.headers.set('retry-after', retry)
    return response
  }
}
