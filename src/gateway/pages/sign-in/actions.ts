/** The actions of the forms of the sign-in pages. Each returns the next page, or its own page with an error. */
import { XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { sendCode } from '#src/gateway/mails.ts'
import type { ApiAnswer } from '#src/gateway/oauth/library-calls.ts'
import { errorText as sentence } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, parseField } from '#src/gateway/pages/form.ts'
import { newPageToken, type PageToken, setPageToken } from '#src/gateway/pages/page-session.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { passOn } from '#src/gateway/pages/sign-in/pass-on.ts'
import { newPassword, requestReset } from '#src/gateway/pages/sign-in/reset-actions.ts'
import { show } from '#src/gateway/pages/sign-in/show.ts'
import { checkHandle, signUp } from '#src/gateway/pages/sign-in/sign-up-actions.ts'
import type { ActionName } from '#src/gateway/pages/sign-in/view-parts.ts'
import { type Visit, viewContext } from '#src/gateway/pages/sign-in/visit.ts'
import {
  checkPassword,
  countSignInAttempt,
  didInUserHandle,
  errorText,
  MIN_DURATION_MS,
} from '#src/gateway/pages/sign-in.ts'
import { returnToView } from '#src/gateway/pages/sign-in-views.ts'
import { atLeast } from '#src/ports/pause.ts'

type Action = (visit: Visit, form: Form) => Promise<Response>

export const actions: Readonly<Record<ActionName, Action>> = {
  'sign-in': submitPassword,
  passkey: submitPasskey,
  step: submitStep,
  'mail-code': mailCode,
  handle: checkHandle,
  'sign-up': signUp,
  reset: requestReset,
  'new-password': newPassword,
  consent,
  deny,
  reactivate,
}

async function submitPassword(visit: Visit, form: Form): Promise<Response> {
  const { c, context, session, flow } = visit
  const { identifier = '', password = '' } = form
  const isRemembered = remembers(visit, form)
  const client = clientInfoOf(context.server.addressOf, visit.incoming)
  const since = context.clock.now()
  try {
    await countSignInAttempt(context, c, identifier)
    const [pageToken, kinds] = await atLeast(
      MIN_DURATION_MS,
      context.server.failedSignIns.watch(client.ip, () =>
        checkPassword(context, client, identifier, password),
      ),
    )
    setPageToken(c, context.server.service.publicUrl, pageToken)
    if (kinds.length === 0) return await finish(visit, { pageToken, since, isRemembered })
    const remember = isRemembered ? { remember: 'yes' } : {}
    return c.redirect(flow.link({ page: 'step', ...remember }), 303)
  } catch (error) {
    const note = noteOf(errorText(session, error), 'password')
    return show(visit, { page: 'sign-in' }, { identifier, note })
  }
}

/** Needs no identifier: the response's user handle names the account. */
async function submitPasskey(visit: Visit, { response: field }: Form): Promise<Response> {
  const { c, context, session } = visit
  const since = context.clock.now()
  try {
    const response = parseField(field)
    const did = await context.findAccount(didInUserHandle(response))
    await countSignInAttempt(context, c, did ?? 'unknown passkey')
    if (did === undefined) throw new XrpcError(400, 'InvalidToken', 'Unknown passkey')
    const pageToken = newPageToken(did)
    const client = clientInfoOf(context.server.addressOf, visit.incoming)
    const { page } = context.server.dispatch.account(did, client.network, 'sign in')
    await page.signInWithPasskey({ token: pageToken.token, response, client })
    setPageToken(c, context.server.service.publicUrl, pageToken)
    return await finish(visit, { pageToken, since, isRemembered: true })
  } catch (error) {
    const note = noteOf(errorText(session, error, 'wrongPasskey'))
    return show(visit, { page: 'sign-in' }, { note })
  }
}

async function submitStep(visit: Visit, form: Form): Promise<Response> {
  const { context, session } = visit
  const { code, response } = form
  const isRemembered = remembers(visit, form)
  const state = { page: 'step', ...(isRemembered && { remember: 'yes' }) } as const
  const since = context.clock.now()
  const pageToken = await pendingToken(visit)
  if (pageToken === undefined) return show(visit, { page: 'sign-in' })
  const client = clientInfoOf(context.server.addressOf, visit.incoming)
  const proof = response ? { response: parseField(response) } : { code: code ?? '' }
  try {
    const { page } = context.server.dispatch.account(pageToken.did, session.network, 'sign in')
    await page.finishSecondStep({ token: pageToken.token, client, ...proof })
    return await finish(visit, { pageToken, since, isRemembered })
  } catch (error) {
    // Without a first step, the page shows that one.
    if (error instanceof XrpcError && error.status === 401) return show(visit, state)
    const text = errorText(session, error, response ? 'wrongPasskey' : 'wrongCode')
    return show(visit, state, { note: noteOf(text, response ? undefined : 'code') })
  }
}

async function mailCode(visit: Visit, form: Form): Promise<Response> {
  const { server } = visit.context
  const pageToken = await pendingToken(visit)
  if (pageToken === undefined) return show(visit, { page: 'sign-in' })
  const { messages, network } = visit.session
  const account = server.dispatch.account(pageToken.did, network, 'sign in')
  const state = { page: 'step', ...(remembers(visit, form) && { remember: 'yes' }) } as const
  try {
    const mailed = await account.page.requestStepCode({ token: pageToken.token })
    await sendCode(server, account, mailed, 'signIn')
    return await show(visit, state, { note: { text: messages.text('codeSent') } })
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    const { status, headers = {} } = error
    const text = status === 429 ? messages.text('tooManyAttempts') : sentence({ messages }, error)
    // If the sign-in is too old, the page shows its first step.
    const page = await show(visit, state, { note: noteOf(text), status })
    const retry = headers['retry-after'] ?? retryHeader(status)['retry-after']
    if (retry !== undefined) page.headers.set('retry-after', retry)
    return page
  }
}

/** Of an account that is hosted here, so that a forged cookie creates no actor. */
async function pendingToken({ context, session }: Visit): Promise<PageToken | undefined> {
  const { pageToken } = session
  const did = pageToken && (await context.findAccount(pageToken.did))
  return did === undefined ? undefined : pageToken
}

async function finish(
  visit: Visit,
  input: { pageToken: PageToken; since: number; isRemembered: boolean },
): Promise<Response> {
  const { c, context, page, flow, session } = visit
  const { pageToken, since, isRemembered: remember } = input
  const { did, token } = pageToken
  const { requestUri } = flow
  const account = context.server.dispatch.account(did, session.network, 'sign in')
  const cookies = await page.finishSignIn(visit.incoming, { did, since, remember, requestUri })
  // A password that was set meanwhile has ended the session, and must end what is younger than it, too.
  await account.page.check({ token })
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
  if (!remember) {
    await account.page.end({ token })
    setPageToken(c, context.server.service.publicUrl, undefined)
  }
  const { next, isToApp } = flow
  if (next !== undefined && isToApp) return renderPage(session, returnToView(session, next))
  return c.redirect(next ?? flow.link({ account: did }), 303)
}

async function consent(visit: Visit, form: Form): Promise<Response> {
  const { page, incoming, flow } = visit
  const { account: did = '', choices, email } = form
  const { requestUri } = flow
  if (requestUri === undefined) return show(visit, {})
  const allowsEmail = choices !== 'email' || email === 'yes'
  const answer = await page.consent(incoming, {
    ...{ requestUri, did, allowsEmail },
    page: flow.link(),
  })
  return answer === undefined ? show(visit, { account: did }) : toApp(visit, answer)
}

async function deny(visit: Visit): Promise<Response> {
  const { page, incoming, flow } = visit
  const call = { endpoint: '/reject', input: {}, page: flow.link() }
  return toApp(visit, await page.call(incoming, call))
}

async function reactivate(visit: Visit, { account: did = '' }: Form): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const call = { endpoint: '/reactivate-account', input: { did }, page: flow.link(), did }
  const answer = await page.call(incoming, call)
  addCookies(visit, answer)
  return c.redirect(flow.link({ account: did }), 303)
}

async function toApp(visit: Visit, answer: ApiAnswer): Promise<Response> {
  const { page, incoming, flow } = visit
  addCookies(visit, answer)
  const { url } = answer.json
  // For example because the request is over; the page says so.
  if (typeof url !== 'string') return show(visit, {})
  const held = await page.redirect(incoming, { url, page: flow.link() })
  return passOn(visit, viewContext(visit), held)
}

function addCookies({ c }: Visit, { cookies }: ApiAnswer): void {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
}

/** Without an app, the user signs in to stay signed in. */
function remembers({ flow }: Visit, { remember }: Form): boolean {
  return flow.requestUri === undefined || remember === 'yes'
}

function noteOf(text: string, field?: string): Note {
  return { text, bad: true, ...(field !== undefined && { field }) }
}
