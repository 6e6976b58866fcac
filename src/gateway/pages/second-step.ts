/** The second step of a sign-in on the stock OAuth page, which knows of codes by mail only. */
import type { ClientInfo } from '#src/account/security-events.ts'
import { readPageToken } from '#src/gateway/pages/page-session.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

export interface StepInput {
  /** What was typed into the page's field, if anything. */
  code: string | undefined
  /** The request's Cookie header: a second step that was shown at our own pages lately is enough. */
  cookie: string | undefined
  clientInfo: ClientInfo
}

/** What is still to be done: a code was mailed to the address of which `hint` gives an idea, or our own pages are needed. */
export type StepResult = { passed: true } | { passed: false; hint: string | undefined }

/** To be called when the password was right. Throws 400 InvalidToken for a wrong code, 429 after too many. */
export async function checkSecondStep(
  server: Pick<ServerContext, 'dispatch' | 'mailer' | 'service'>,
  did: string,
  { code, cookie, clientInfo }: StepInput,
): Promise<StepResult> {
  const shown = readPageToken(cookie, server.service.publicUrl)
  const isOwn = shown?.did === did
  const { passed, mail } = await server.dispatch.account(did).page.passSecondStep({
    where: clientInfo,
    ...(code !== undefined && { code }),
    ...(isOwn && { token: shown.token }),
  })
  if (passed) return { passed: true }
  if (mail?.token !== undefined) await sendMail(server, mail.email, 'signIn', { token: mail.token })
  return { passed: false, hint: mail && masked(mail.email) }
}

/** Enough to know one's own address by: `a…e@example.com`. */
function masked(email: string): string {
  const at = email.lastIndexOf('@')
  const name = email.slice(0, at)
  const shown = name.length < 3 ? `${name.slice(0, 1)}…` : `${name[0]}…${name.at(-1)}`
  return `${shown}${email.slice(at)}`
}
