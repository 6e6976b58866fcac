/** The page on which the user of a custodial account sets its email address and password. It needs no script. */
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { claimPath, hashClaim } from '#src/gateway/pages/claim-path.ts'
import { errorText, serverErrorText } from '#src/gateway/pages/errors/error-text.ts'
import { readForm } from '#src/gateway/pages/form.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import { fieldAttributes, hiddenFields, type Page, renderPage } from '#src/gateway/pages/shell.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

interface Claim {
  did: string
  token: string
  handle: string
}

export function claimPage(app: Hono<Env>, context: PageContext): void {
  const { dispatch, service, addressOf } = context.server
  const { publicUrl } = service

  /** Throws 400 InvalidToken; a DID that is not hosted here gets no actor. */
  async function find(session: PageSession, name = '', token = ''): Promise<Claim> {
    const did = name.startsWith('did:') ? await context.findAccount(name) : undefined
    if (did === undefined || token === '') throw invalidRequest('No such link', 'InvalidToken')
    const account = dispatch.account(did, session.network, 'sign in')
    const { handle } = await account.claim.find({ hash: hashClaim(token) })
    return { did, token, handle: handle ?? did }
  }

  app.get(claimPath, async (c) => {
    const session = openPageSession(c, context, publicUrl)
    const { account, token } = c.req.query()
    const page = await find(session, account, token)
      .then((claim) => formPage(session, claim))
      .catch((error: unknown) => gonePage(context, session, error))
    return withCookies(c, await renderPage(session, page))
  })

  app.post(claimPath, async (c) => {
    const session = openPageSession(c, context, publicUrl)
    const show = async (page: Page) => {
      return withCookies(c, await renderPage(session, page))
    }
    let claim: Claim | undefined
    let email = ''
    try {
      const form = await readForm(c, context.bodyTimeoutMs)
      mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
      claim = await find(session, form['account'], form['token'])
      email = form['email'] ?? ''
      const password = form['password'] ?? ''
      const client = clientInfoOf(addressOf, c.env?.incoming)
      const account = dispatch.account(claim.did, session.network, 'sign in')
      await account.claim.use({ hash: hashClaim(claim.token), email, password, client })
      const body = html`<p><a class="button" href="/account">${session.messages.text('signIn')}</a></p>`
      const note = { text: session.messages.text('claimed') }
      return await show({ title: 'claim', body, note, narrow: true })
    } catch (error) {
      const isRefusal = error instanceof XrpcError && error.status < 500
      const isGone = claim === undefined || (isRefusal && error.error === 'InvalidToken')
      if (isGone || !isRefusal) return show(gonePage(context, session, error))
      const note = {
        ...{ text: errorText(session, error), bad: true, field: 'email' },
      }
      return show({ ...formPage(session, claim!, email), note, status: error.status })
    }
  })
}

function formPage(session: PageSession, { did, token, handle }: Claim, email = ''): Page {
  const { messages } = session
  const body = html`<p class="lead">${messages.text('claimHelp', { handle })}</p>
<form method="post" action="${claimPath}">${hiddenFields(session, { account: did, token })}
<label for="email">${messages.text('email')}</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="email" required maxlength="320"${fieldAttributes('email', undefined)}>
<label for="password">${messages.text('newPassword')}</label>
<input id="password" name="password" type="password" autocomplete="new-password" required maxlength="256">
<button class="wide">${messages.text('takeOver')}</button></form>`
  return { title: 'claim', body, narrow: true }
}

function gonePage({ log }: PageContext, { messages }: PageSession, error: unknown): Page {
  const page = { title: 'claim' as const, body: html``, narrow: true }
  const status = error instanceof XrpcError ? error.status : 500
  if (status >= 500) log.error({ err: error }, 'the claim page failed')
  const isStale = error instanceof XrpcError && error.error === 'StalePage'
  const text =
    status >= 500
      ? serverErrorText({ messages })
      : messages.text(isStale ? 'pageExpired' : status === 429 ? 'tooManyAttempts' : 'claimGone')
  return { ...page, note: { text, bad: true }, status }
}
