/** Which page of a sign-in is shown: by the app's request, the accounts that the browser knows, and the state in the URL. */
import { XrpcError } from '#src/errors.ts'
import type { HeldResponse } from '#src/gateway/oauth/library-calls.ts'
import type { AuthorizationRequest, PageAccount } from '#src/gateway/oauth/opened-page.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { withCaptcha } from '#src/gateway/pages/sign-in/captcha.ts'
import { chooserView, reactivateView } from '#src/gateway/pages/sign-in/chooser-view.ts'
import { consentView } from '#src/gateway/pages/sign-in/consent-view.ts'
import { errorView, noCookiesView } from '#src/gateway/pages/sign-in/error-view.ts'
import type { State } from '#src/gateway/pages/sign-in/flow.ts'
import { isWebTarget, passOn, withFormTarget } from '#src/gateway/pages/sign-in/pass-on.ts'
import { newPasswordView, resetView } from '#src/gateway/pages/sign-in/reset-view.ts'
import { signInView, stepView } from '#src/gateway/pages/sign-in/sign-in-view.ts'
import { handleView, type SignInPage, signUpView } from '#src/gateway/pages/sign-in/sign-up-view.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import { appName, nameOf } from '#src/gateway/pages/sign-in/view-parts.ts'
import { brandedFor, type Visit, viewContext } from '#src/gateway/pages/sign-in/visit.ts'
import { signInOptions } from '#src/gateway/pages/sign-in.ts'

/** The error of a form, and its values. */
export interface Retry {
  note?: Note
  identifier?: string
  email?: string
  code?: string
  inviteCode?: string
  name?: string
  domain?: string
  status?: number
}

export function show(visit: Visit, state: State, retry: Retry = {}): Promise<Response> {
  return visit.flow.requestUri === undefined
    ? showAccountPage(visit, state, retry)
    : showAuthorization(visit, state, retry)
}

async function showAccountPage(visit: Visit, state: State, retry: Retry): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const view = viewContext(visit)
  // The library makes the device at the end of a sign-in. It refuses browsers without Fetch Metadata, which the forms on
  // pages that need a session do not need.
  const isUnderWay = state.page === 'step' || (state.page === 'sign-in' && c.req.method === 'POST')
  if (!isUnderWay) {
    // For its cookies: those of the device, which is counted by address, and of its API.
    const answer = await page.open(incoming, flow.link())
    for (const cookie of answer.cookies) c.header('set-cookie', cookie, { append: true })
    if (answer.kind === 'error') {
      return renderPage(view, errorView(view, answer.error, answer.status))
    }
  }
  const shown = await statePage(visit, view, state, retry, {})
  return render(view, shown ?? (await signIn(visit, view, retry, {})), retry)
}

async function showAuthorization(visit: Visit, state: State, retry: Retry): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const answer = await page.open(incoming, flow.link(state))
  for (const cookie of answer.cookies) c.header('set-cookie', cookie, { append: true })
  const plain = viewContext(visit)
  switch (answer.kind) {
    case 'response':
      // The user has come back from the app, which would take another answer for an error of its own.
      if (isAnswered(answer.held)) return renderPage(plain, errorView(plain, overError, 400))
      return passOn(visit, plain, answer.held)
    case 'error': {
      const shown = errorView(plain, answer.error, answer.status)
      return renderPage(plain, shown)
    }
    case 'no cookies':
      return renderPage(plain, noCookiesView(plain, `${flow.link()}&redirect-test=2`))
    default: {
      const { request } = answer
      const app = appName(request.client, plain.texts.text('deviceApp'))
      const view = viewContext(visit, { app, languages: request.languages })
      const response = await showRequest(visit, view, state, retry, request)
      const { redirectUri } = request
      return redirectUri === undefined || isWebTarget(redirectUri)
        ? response
        : withFormTarget(response, redirectUri)
    }
  }
}

const overError = { code: 'access_denied', description: 'This request_uri was answered' }

function isAnswered({ headers }: HeldResponse): boolean {
  const url = URL.parse(String(headers['location']))
  return url?.searchParams.get('error_description') === 'This request was already authorized'
}

async function showRequest(
  visit: Visit,
  view: SignInContext,
  state: State,
  retry: Retry,
  request: AuthorizationRequest,
): Promise<Response> {
  const { accounts, hint, prompt, selected } = request
  const known = { hasOthers: accounts.length > 0 && hint === undefined, hint }
  const ofState = await statePage(visit, view, state, retry, known)
  if (ofState !== undefined) return render(view, ofState, retry)
  const isChoosing = state.page === 'choose' && known.hasOthers
  const chosen = isChoosing ? undefined : (state.account ?? selected)
  const one = accounts.find(({ account }) => account.did === chosen)
  if (one !== undefined) return showAccount(visit, view, retry, request, one)
  const shown =
    !isChoosing && hint === undefined && prompt === 'create'
      ? await signUp(visit, view, state, retry)
      : hint === undefined && accounts.length > 0
        ? chooserView(view, accounts)
        : await signIn(visit, view, retry, known)
  return render(view, shown, retry)
}

async function showAccount(
  visit: Visit,
  plain: SignInContext,
  retry: Retry,
  request: AuthorizationRequest,
  one: PageAccount,
): Promise<Response> {
  const view = await brandedFor(visit, plain, one.account.did)
  const shown = one.mustSignIn
    ? await signIn(visit, view, retry, { hint: nameOf(one), hasOthers: request.hint === undefined })
    : one.account.deactivated
      ? reactivateView(view, one)
      : consentView(view, request, one)
  return render(view, shown, retry)
}

interface Known {
  /** The account that must sign in. */
  hint?: string | undefined
  hasOthers?: boolean
}

/** The page that the URL names; undefined if it names none. */
async function statePage(
  visit: Visit,
  view: SignInContext,
  state: State,
  retry: Retry,
  known: Known,
): Promise<SignInPage | undefined> {
  switch (state.page) {
    case 'sign-in':
      return signIn(visit, view, { ...retry, ...doneNote(view, state) }, known)
    case 'step':
      return step(visit, view, state, retry, known)
    case 'sign-up':
      return signUp(visit, view, state, retry)
    case 'reset':
      return resetView(view, retry)
    case 'new-password': {
      const note = retry.note ?? { text: view.texts.text('codeOnItsWay') }
      return newPasswordView(view, { ...retry, ...(state.done && { note }) })
    }
    default:
      return undefined
  }
}

async function signIn(
  { context }: Visit,
  view: SignInContext,
  { identifier, note }: Retry,
  { hint, hasOthers = false }: Known,
): Promise<SignInPage> {
  const options = await signInOptions(context)
  const isFixed = hint !== undefined
  return signInView(view, { options, identifier: hint ?? identifier, isFixed, hasOthers, note })
}

/** The second step of the sign-in under way; its first, if none is. */
async function step(
  visit: Visit,
  view: SignInContext,
  { remember }: State,
  retry: Retry,
  known: Known,
): Promise<SignInPage> {
  const { context, session } = visit
  const { pageToken, network } = session
  const did = pageToken && (await context.findAccount(pageToken.did))
  if (did === undefined) return signIn(visit, view, retry, known)
  const account = context.server.dispatch.account(did, network, 'sign in')
  try {
    const { kinds } = await account.page.getPendingStep({ token: pageToken!.token })
    const options = kinds.includes('passkey')
      ? await account.factors.beginPasskeyAssertion()
      : undefined
    return stepView(view, { kinds, options, remember: remember === 'yes', note: retry.note })
  } catch (error) {
    if (error instanceof XrpcError && error.status === 401) return signIn(visit, view, retry, known)
    throw error
  }
}

async function signUp(
  { page }: Visit,
  view: SignInContext,
  { handle }: State,
  retry: Retry,
): Promise<SignInPage> {
  const rules = await page.signUpRules()
  return handle === undefined
    ? handleView(view, { rules, ...retry })
    : signUpView(view, { rules, handle, ...retry })
}

function doneNote({ texts }: SignInContext, { done }: State): { note?: Note } {
  return done === 'password' ? { note: { text: texts.text('passwordSaved') } } : {}
}

async function render(view: SignInContext, shown: SignInPage, { status }: Retry) {
  const response = await renderPage(view, status === undefined ? shown : { ...shown, status })
  return shown.hasCaptcha ? withCaptcha(response) : response
}
