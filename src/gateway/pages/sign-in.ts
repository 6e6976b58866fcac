/** The sign-in forms of the security pages: password, passkey and second step. */
import type { Context } from 'hono'
import type { ClientInfo } from '#src/account/security-events.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { type Form, parseField } from '#src/gateway/pages/form.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  newPageToken,
  type PageSession,
  type PageToken,
  setPageToken,
} from '#src/gateway/pages/page-session.ts'
import { clearReturnToCookie, isAreaPage, parseReturnTo } from '#src/gateway/pages/return-to.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { returnToView, signInView, stepView } from '#src/gateway/pages/sign-in-views.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { atLeast } from '#src/ports/pause.ts'
import { assertionOptions, type RequestOptions } from '#src/ports/webauthn.ts'
import { isDid } from '#src/protocol/did.ts'
import { newChallenge } from '#src/rules/challenges.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

type C = Context<Env>

/** The minimum duration of every sign-in on this server, so that timing does not reveal whether an account exists. */
export const MIN_DURATION_MS = 350

export async function signInPage(
  context: PageContext,
  session: PageSession,
  extra: { identifier?: string; next?: string; note?: Note } = {},
): Promise<Response> {
  const options = await signInOptions(context)
  return renderPage(session, signInView(session, { options, ...extra }))
}

/** Of a sign-in with a passkey of any account. */
export function signInOptions({ server, secret, clock }: PageContext): Promise<RequestOptions> {
  const { publicUrl } = server.service
  const challenge = newChallenge('sign in', { secret, now: clock.now() })
  return assertionOptions({ publicUrl, challenge, known: [] })
}

export async function submitPassword(context: PageContext, c: C, session: PageSession, form: Form) {
  const { identifier = '', password = '' } = form
  const next = parseReturnTo(form['next'], context.server.service.publicUrl)
  const client = clientInfoOf(context.server.addressOf, c.env?.incoming)
  const startedAt = context.clock.now()
  try {
    await countSignInAttempt(context, c, identifier)
    const [pageToken, kinds] = await atLeast(
      MIN_DURATION_MS,
      context.server.failedSignIns.watch(client.ip, () =>
        checkPassword(context, client, identifier, password),
      ),
    )
    setPageToken(c, context.server.service.publicUrl, pageToken)
    if (kinds.length === 0) return finishSignIn(context, c, session, { pageToken, next, startedAt })
    return stepPage(context, session, pageToken, { ...(next && { next }) })
  } catch (error) {
    const note = { text: errorText(session, error), bad: true, field: 'password' }
    return signInPage(context, session, { identifier, ...(next && { next }), note })
  }
}

export async function checkPassword(
  context: PageContext,
  client: ClientInfo,
  identifier: string,
  password: string,
) {
  if (password.length > 512) throw authRequired('Password too long')
  const { accounts } = context.server.dispatch.directory
  const found = await accounts.find({ identifier: normalizeIdentifier(identifier) })
  if (found === null) throw authRequired('Invalid identifier or password')
  const pageToken = newPageToken(found.did)
  const account = context.server.dispatch.account(found.did, client.network, 'sign in')
  const { kinds } = await account.page.signIn({
    password,
    token: pageToken.token,
    client,
  })
  return [pageToken, kinds] as const
}

/** Needs no identifier: the response's user handle names the account. */
export async function submitPasskey(context: PageContext, c: C, session: PageSession, form: Form) {
  const { publicUrl } = context.server.service
  const next = parseReturnTo(form['next'], publicUrl)
  const startedAt = context.clock.now()
  try {
    const response = parseField(form['response'])
    const did = await context.findAccount(didInUserHandle(response))
    await countSignInAttempt(context, c, did ?? 'unknown passkey')
    if (did === undefined) throw new XrpcError(400, 'InvalidToken', 'Unknown passkey')
    const pageToken = newPageToken(did)
    const client = clientInfoOf(context.server.addressOf, c.env?.incoming)
    const { page } = context.server.dispatch.account(did, client.network, 'sign in')
    await page.signInWithPasskey({ token: pageToken.token, response, client })
    setPageToken(c, publicUrl, pageToken)
    return finishSignIn(context, c, session, { pageToken, next, startedAt })
  } catch (error) {
    const text = errorText(session, error, 'wrongPasskey')
    return signInPage(context, session, { ...(next && { next }), note: { text, bad: true } })
  }
}

export async function stepPage(
  context: PageContext,
  session: PageSession,
  pageToken: PageToken,
  extra: { next?: string; note?: Note } = {},
): Promise<Response> {
  const account = context.server.dispatch.account(pageToken.did, session.network, 'sign in')
  const { kinds } = await account.page.getPendingStep({ token: pageToken.token })
  const options = kinds.includes('passkey')
    ? await account.factors.beginPasskeyAssertion()
    : undefined
  return renderPage(session, stepView(session, { kinds, ...(options && { options }), ...extra }))
}

export async function submitStep(
  context: PageContext,
  c: C,
  session: PageSession,
  pageToken: PageToken,
  form: Form,
) {
  const { code, response } = form
  const next = parseReturnTo(form['next'], context.server.service.publicUrl)
  const client = clientInfoOf(context.server.addressOf, c.env?.incoming)
  const proof = response ? { response: parseField(response) } : { code: code ?? '' }
  const startedAt = context.clock.now()
  try {
    const { page } = context.server.dispatch.account(pageToken.did, session.network, 'sign in')
    await page.finishSecondStep({ token: pageToken.token, client, ...proof })
    return await finishSignIn(context, c, session, { pageToken, next, startedAt })
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status === 401) throw error
    const text = errorText(session, error, response ? 'wrongPasskey' : 'wrongCode')
    const note = { text, bad: true, ...(!response && { field: 'code' }) }
    return stepPage(context, session, pageToken, { ...(next && { next }), note })
  }
}

export async function mailStepCode(
  context: PageContext,
  session: PageSession,
  pageToken: PageToken,
  form: Form,
) {
  const { server } = context
  const next = parseReturnTo(form['next'], server.service.publicUrl)
  const account = server.dispatch.account(pageToken.did, session.network, 'sign in')
  const mailed = await account.page.requestStepCode({ token: pageToken.token })
  await sendCode(server, account, mailed, 'signIn')
  const note = { text: session.messages.text('codeSent') }
  return stepPage(context, session, pageToken, { ...(next && { next }), note })
}

async function finishSignIn(
  context: PageContext,
  c: C,
  session: PageSession,
  signIn: { pageToken: PageToken; next: string | undefined; startedAt: number },
) {
  const { pageToken, next, startedAt } = signIn
  if (next === undefined) return c.redirect(securityPath, 303)
  if (isAreaPage(next)) return c.redirect(next, 303)
  const incoming = c.env?.incoming
  c.header('set-cookie', clearReturnToCookie(context.server.service.publicUrl), { append: true })
  if (incoming !== undefined) {
    for (const cookie of await context.signInDevice(incoming, pageToken.did, startedAt)) {
      c.header('set-cookie', cookie, { append: true })
    }
  }
  return renderPage(session, returnToView(session, next))
}

/** Throws 429. */
export async function countSignInAttempt(
  context: PageContext,
  c: C,
  identifier: string,
): Promise<void> {
  const request = c.env?.incoming
  if (request === undefined) return
  const nsid = 'com.atproto.server.createSession'
  const limitStatus = await context.rateLimits?.({
    nsid,
    request,
    caller: undefined,
    input: { identifier },
  })
  if (limitStatus?.isRefused) throw rateLimitExceeded(limitStatus)
}

export function errorText(
  { messages }: PageSession,
  error: unknown,
  wrong: 'wrongCode' | 'wrongPasskey' | 'wrongPassword' = 'wrongPassword',
): string {
  if (!(error instanceof XrpcError) || error.status >= 500) throw error
  if (error.status === 429) return messages.text('tooManyAttempts')
  return messages.text(error.error === 'AccountTakedown' ? 'cannotSignIn' : wrong)
}

/** The DID that was set as the user handle when the passkey was created; empty if there is none. */
export function didInUserHandle(response: unknown): string {
  const inner =
    typeof response === 'object' && response !== null
      ? Reflect.get(response, 'response')
      : undefined
  const handle: unknown =
    typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'userHandle') : undefined
  const did =
    typeof handle === 'string' ? Buffer.from(handle.slice(0, 200), 'base64url').toString() : ''
  return isDid(did) ? did : ''
}
