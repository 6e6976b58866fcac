/** Signing in at the security pages: what each form does. */
import type { Context } from 'hono'
import { authRequired, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  newPageToken,
  type PageSession,
  type PageToken,
  setPageToken,
} from '#src/gateway/pages/page-session.ts'
import { clearReturnToCookie, parseReturnTo } from '#src/gateway/pages/return-to.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { returnToView, signInView, stepView } from '#src/gateway/pages/sign-in-views.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limits.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { atLeast } from '#src/ports/pause.ts'
import { assertionOptions } from '#src/ports/webauthn.ts'
import { newChallenge } from '#src/rules/challenges.ts'

type Form = Record<string, string | undefined>
type C = Context<Env>

/** As long as logging in takes anywhere here, so that its time tells nothing of what exists. */
const SHORTEST_MS = 350

export async function signInPage(
  desk: PageContext,
  visit: PageSession,
  more: { identifier?: string; next?: string; note?: Note } = {},
): Promise<Response> {
  const { publicUrl } = desk.server.service
  const challenge = newChallenge('sign in', { secret: desk.secret, now: desk.clock.now() })
  const options = await assertionOptions({ publicUrl, challenge, known: [] })
  return renderPage(visit, signInView(visit, { options, ...more }))
}

export async function submitPassword(desk: PageContext, c: C, visit: PageSession, form: Form) {
  const { identifier = '', password = '' } = form
  const next = parseReturnTo(form['next'], desk.server.service.publicUrl)
  try {
    await countAttempt(desk, c, identifier)
    const [shown, kinds] = await atLeast(SHORTEST_MS, enter(desk, c, identifier, password))
    setPageToken(c, desk.server.service.publicUrl, shown)
    if (kinds.length === 0) return enterBy(desk, c, visit, shown, next)
    return stepPage(desk, visit, shown, { ...(next && { next }) })
  } catch (error) {
    const note = { text: reason(visit, error), bad: true, field: 'password' }
    return signInPage(desk, visit, { identifier, ...(next && { next }), note })
  }
}

async function enter(desk: PageContext, c: C, identifier: string, password: string) {
  if (password.length > 512) throw authRequired('Password too long')
  const name = identifier.trim().replace(/^@/, '').toLowerCase()
  const found = await desk.server.dispatch.directory.accounts.find({ identifier: name })
  if (found === null) throw authRequired('Invalid identifier or password')
  const shown = newPageToken(found.did)
  const where = clientInfoOf(desk.server.addressOf, c.env?.incoming)
  const account = desk.server.dispatch.account(found.did)
  const { kinds } = await account.page.signIn({ password, token: shown.token, where })
  return [shown, kinds] as const
}

/** A passkey says itself whose it is. */
export async function submitPasskey(desk: PageContext, c: C, visit: PageSession, form: Form) {
  const { publicUrl } = desk.server.service
  const next = parseReturnTo(form['next'], publicUrl)
  try {
    const response = parsed(form['response'])
    const did = await desk.findAccount(ownerOf(response))
    await countAttempt(desk, c, did ?? 'nobody')
    if (did === undefined) throw new XrpcError(400, 'InvalidToken', 'Unknown passkey')
    const shown = newPageToken(did)
    const where = clientInfoOf(desk.server.addressOf, c.env?.incoming)
    const { page } = desk.server.dispatch.account(did)
    await page.signInWithPasskey({ token: shown.token, response, where })
    setPageToken(c, publicUrl, shown)
    return enterBy(desk, c, visit, shown, next)
  } catch (error) {
    const text = reason(visit, error, 'wrongPasskey')
    return signInPage(desk, visit, { ...(next && { next }), note: { text, bad: true } })
  }
}

export async function stepPage(
  desk: PageContext,
  visit: PageSession,
  shown: PageToken,
  more: { next?: string; note?: Note } = {},
): Promise<Response> {
  const account = desk.server.dispatch.account(shown.did)
  const { kinds } = await account.page.pendingStep({ token: shown.token })
  const options = kinds.includes('passkey') ? await account.factors.askForPasskey() : undefined
  return renderPage(visit, stepView(visit, { kinds, ...(options && { options }), ...more }))
}

export async function submitStep(
  desk: PageContext,
  c: C,
  visit: PageSession,
  shown: PageToken,
  form: Form,
) {
  const { code, response } = form
  const next = parseReturnTo(form['next'], desk.server.service.publicUrl)
  const where = clientInfoOf(desk.server.addressOf, c.env?.incoming)
  const proof = response ? { response: parsed(response) } : { code: code ?? '' }
  try {
    const { page } = desk.server.dispatch.account(shown.did)
    await page.finishStep({ token: shown.token, where, ...proof })
    return await enterBy(desk, c, visit, shown, next)
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status === 401) throw error
    const text = reason(visit, error, response ? 'wrongPasskey' : 'wrongCode')
    const note = { text, bad: true, ...(!response && { field: 'code' }) }
    return stepPage(desk, visit, shown, { ...(next && { next }), note })
  }
}

export async function mailStepCode(
  desk: PageContext,
  visit: PageSession,
  shown: PageToken,
  form: Form,
) {
  const { server } = desk
  const next = parseReturnTo(form['next'], server.service.publicUrl)
  const mail = await server.dispatch.account(shown.did).page.mailStep({ token: shown.token })
  if (mail?.token !== undefined) await sendMail(server, mail.email, 'signIn', { token: mail.token })
  const note = { text: visit.messages.text('codeSent') }
  return stepPage(desk, visit, shown, { ...(next && { next }), note })
}

/** Signed in: to the overview, or, with the browser signed in for apps as well, back to the app. */
async function enterBy(
  desk: PageContext,
  c: C,
  visit: PageSession,
  { did }: PageToken,
  next: string | undefined,
) {
  if (next === undefined) return c.redirect(securityPath, 303)
  const incoming = c.env?.incoming
  c.header('set-cookie', clearReturnToCookie(desk.server.service.publicUrl), { append: true })
  if (incoming !== undefined) {
    for (const cookie of await desk.signInDevice(incoming, did)) {
      c.header('set-cookie', cookie, { append: true })
    }
  }
  return renderPage(visit, returnToView(visit, next))
}

/** Guessing is no easier here than by com.atproto.server.createSession. */
async function countAttempt(desk: PageContext, c: C, identifier: string): Promise<void> {
  const request = c.env?.incoming
  if (request === undefined) return
  const nsid = 'com.atproto.server.createSession'
  const standing = await desk.rateLimits?.({
    nsid,
    request,
    caller: undefined,
    input: { identifier },
  })
  if (standing?.isRefused) throw rateLimitExceeded()
}

/** What the owner is told; what is our fault is thrown on. */
function reason(
  { messages }: PageSession,
  error: unknown,
  wrong: 'wrongCode' | 'wrongPasskey' | 'wrongPassword' = 'wrongPassword',
): string {
  if (!(error instanceof XrpcError) || error.status >= 500) throw error
  if (error.status === 429) return messages.text('tooMany')
  return messages.text(error.error === 'AccountTakedown' ? 'noEntry' : wrong)
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** The DID that a passkey was given as its owner's name; an empty text where it names none. */
function ownerOf(response: unknown): string {
  const inner =
    typeof response === 'object' && response !== null
      ? Reflect.get(response, 'response')
      : undefined
  const handle: unknown =
    typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'userHandle') : undefined
  const did =
    typeof handle === 'string' ? Buffer.from(handle.slice(0, 200), 'base64url').toString() : ''
  return /^did:[a-z]+:[\w.:%-]+$/.test(did) ? did : ''
}
