/** Mails the code that resets a password, to an unauthenticated caller who must not learn whether there is an account. */
import { sendCode } from '#src/gateway/mails.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

/** Run it in the background: its duration and its errors depend on the account. */
export async function mailPasswordReset(
  server: ServerContext,
  text: string,
  network: string | undefined,
): Promise<void> {
  const { dispatch } = server
  const identifier = normalizeIdentifier(text)
  const found = await dispatch.directory.accounts.find({ identifier })
  if (found === null) return
  const { did, handle } = found
  const options = { purpose: 'reset_password', evenTakendown: true } as const
  const account = dispatch.account(did, network, 'sign in')
  const mailed = await account.email.requestToken(options)
  // Stored before it is sent: the code is all that the owner will show.
  if (mailed.token !== undefined) {
    await dispatch.directory.passwordResets.record({ did, token: mailed.token })
  }
  await sendCode(server, account, mailed, 'resetPassword', { handle })
}
