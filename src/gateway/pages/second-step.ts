/** The second step of a sign-in by the OAuth library's API, which has a field for a code only. */
import type { ClientInfo } from '#src/account/security-events.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { readPageToken } from '#src/gateway/pages/page-session.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

export interface StepInput {
  code: string | undefined
  /** The request's Cookie header: a recent second step on our own pages also counts. */
  cookie: string | undefined
  client: ClientInfo
}

/** If not passed: a code was sent to the masked address in `hint`; without a hint, the user must use our own pages. */
export type StepResult = { passed: true } | { passed: false; hint: string | undefined }

/** Call after the password check. Throws 400 InvalidToken for a wrong code, 429 after too many attempts. */
export async function checkSecondStep(
  server: Pick<ServerContext, 'dispatch' | 'mailer' | 'service'>,
  did: string,
  { code, cookie, client }: StepInput,
): Promise<StepResult> {
  const pageToken = readPageToken(cookie, server.service.publicUrl)
  const isSameAccount = pageToken?.did === did
  const account = server.dispatch.account(did)
  const { passed, mail } = await account.page.passSecondStep({
    client,
    ...(code !== undefined && { code }),
    ...(isSameAccount && { token: pageToken.token }),
  })
  if (passed) return { passed: true }
  await sendCode(server, account, mail, 'signIn')
  return { passed: false, hint: mail && maskEmail(mail.email) }
}

function maskEmail(email: string): string {
  const at = email.lastIndexOf('@')
  const name = email.slice(0, at)
  const maskedName = name.length < 3 ? `${name.slice(0, 1)}…` : `${name[0]}…${name.at(-1)}`
  return `${maskedName}${email.slice(at)}`
}
