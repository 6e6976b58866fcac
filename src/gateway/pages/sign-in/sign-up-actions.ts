/** The forms of a sign-up: whether the handle is free, and the account itself. */
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import type { ApiAnswer } from '#src/gateway/oauth/library-calls.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { newPageToken, setPageToken } from '#src/gateway/pages/page-session.ts'
import type { Note } from '#src/gateway/pages/shell.ts'
import { captchaField } from '#src/gateway/pages/sign-in/captcha.ts'
import { show } from '#src/gateway/pages/sign-in/show.ts'
import type { SignInKey } from '#src/gateway/pages/sign-in/texts.ts'
import { type Visit, viewContext } from '#src/gateway/pages/sign-in/visit.ts'

/** The reasons of the library's HandleUnavailableError. */
const handleReasons: Readonly<Record<string, SignInKey>> = {
  taken: 'handleTaken',
  reserved: 'handleReserved',
  unsupported: 'handleDomain',
  domain: 'handleDomain',
  resolution: 'handleDomain',
  slur: 'handleSlur',
  syntax: 'handleSyntax',
}

export async function checkHandle(visit: Visit, form: Form): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const { handle: typed = '', domain = '' } = form
  const name = typed.trim().toLowerCase().replace(/^@/, '')
  const handle = name.includes('.') ? name : name + domain
  const call = { endpoint: '/verify-handle-availability', input: { handle } }
  const answer = await page.call(incoming, { ...call, page: flow.link() })
  if (answer.status === 200) return c.redirect(flow.link({ page: 'sign-up', handle }), 303)
  return show(visit, { page: 'sign-up' }, { note: refusalOf(visit, answer), name, domain })
}

export async function signUp(visit: Visit, form: Form): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const { handle = '', email = '', password = '', inviteCode = '' } = form
  const token = form[captchaField]
  const input = {
    ...{ locale: viewContext(visit).messages.language, handle, email: email.trim(), password },
    ...(inviteCode !== '' && { inviteCode: inviteCode.trim() }),
    ...(token && { hcaptchaToken: token }),
  }
  const answer = await page.call(incoming, { endpoint: '/sign-up', input, page: flow.link() })
  for (const cookie of answer.cookies) c.header('set-cookie', cookie, { append: true })
  if (answer.status !== 200) {
    const note = refusalOf(visit, answer)
    const isHandle = note.field === 'handle'
    const state = { page: 'sign-up', ...(!isHandle && { handle }) } as const
    return show(visit, state, { note, email, inviteCode, ...(isHandle && { name: handle }) })
  }
  const { account, ephemeralToken } = answer.json as {
    account: { did: string }
    ephemeralToken?: string
  }
  const { did } = account
  if (flow.requestUri !== undefined && ephemeralToken !== undefined) {
    c.header('set-cookie', page.proofCookie(flow.requestUri, ephemeralToken), { append: true })
    return c.redirect(flow.link({ account: did }), 303)
  }
  await beginSession(visit, did, password)
  return c.redirect(flow.next ?? '/account', 303)
}

async function beginSession(
  { c, context, session, incoming }: Visit,
  did: string,
  password: string,
) {
  const { dispatch, addressOf, service } = context.server
  const pageToken = newPageToken(did)
  const client = clientInfoOf(addressOf, incoming)
  const { page } = dispatch.account(did, session.network, 'sign in')
  await page.signIn({ password, token: pageToken.token, client })
  setPageToken(c, service.publicUrl, pageToken)
}

/** The message of the library's error, as a note on its field. */
function refusalOf(visit: Visit, { status, json }: ApiAnswer): Note {
  const { texts, messages } = viewContext(visit)
  const { reason, error_description: about } = json as Record<string, string | undefined>
  const at = (field: string, key: SignInKey) => ({ text: texts.text(key), bad: true, field })
  if (reason !== undefined) return at('handle', handleReasons[reason] ?? 'handleSyntax')
  const text = about ?? ''
  // The library lists what is wrong with the input, by the names of its fields.
  if (/\bhandle\b/.test(text) && /Validation error/.test(text)) return at('handle', 'handleSyntax')
  if (/invite code/i.test(text)) return at('invite', 'inviteWrong')
  if (/\bpassword\b/i.test(text)) return at('password', 'passwordShort')
  if (/\bemail\b/i.test(text)) return at('email', 'emailWrong')
  if (status === 429 || /Too many/.test(text)) {
    return { text: messages.text('tooManyAttempts'), bad: true }
  }
  return { text: messages.text('failed', { reason: text }), bad: true }
}
