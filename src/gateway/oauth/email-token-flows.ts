/** The account pages' flows with codes sent by email: password reset, email change and confirmation, account deletion. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore } from '@atproto/oauth-provider/store'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

type EmailTokenMethods = Pick<
  AccountStore,
  | 'resetPasswordRequest'
  | 'resetPasswordConfirm'
  | 'updateEmailRequest'
  | 'updateEmailConfirm'
  | 'verifyEmailRequest'
  | 'verifyEmailConfirm'
  | 'deleteAccountRequest'
  | 'deleteAccountConfirm'
>

export function emailTokenFlows(
  server: ServerContext,
  accounts: ProviderAccounts,
): EmailTokenMethods {
  const { dispatch } = server

  async function requireAccount(did: string): Promise<RemoteAccount> {
    const account = await accounts.find(did)
    if (account === undefined) throw new InvalidRequestError('Account not found')
    return account
  }

  async function describe(account: RemoteAccount): Promise<Account | null> {
    const found = await account.oauth.describe()
    return (found && accounts.toAccount(found.account)) ?? null
  }

  return {
    async resetPasswordRequest({ email: identifier }) {
      const found = await dispatch.directory.accounts.find({ identifier: identifier.toLowerCase() })
      if (found === null) return null
      const { did, handle } = found
      const account = dispatch.account(did)
      const input = { purpose: 'reset_password', evenTakendown: true } as const
      const { token, email } = await account.email.requestToken(input)
      await dispatch.directory.passwordResets.record({ did, token })
      // In the background: the time it takes to send an email must not reveal that the account exists.
      server.backgroundTasks.run(() => sendMail(server, email, 'resetPassword', { token, handle }))
      return describe(account)
    },

    resetPasswordConfirm: ({ token, password }) =>
      nullIfRejected(async () => {
        const found = await dispatch.directory.passwordResets.find({ token })
        if (found === null) return null
        const account = dispatch.account(found.did)
        await account.password.reset({ token, password })
        return describe(account)
      }),

    updateEmailRequest: ({ did }) =>
      withOAuthErrors(async () => {
        const { tokenRequired, sent } = await (await requireAccount(did)).email.requestUpdate()
        if (sent !== undefined) {
          await sendMail(server, sent.email, 'updateEmail', { token: sent.token })
        }
        return { tokenRequired }
      }),

    updateEmailConfirm: ({ did, email, token }) =>
      withOAuthErrors(async () => {
        const account = await requireAccount(did)
        await account.email.update({ email, ...(token !== undefined && { token }) })
        await sendConfirmation(account)
        return describe(account)
      }),

    verifyEmailRequest: ({ did }) =>
      withOAuthErrors(async () => sendConfirmation(await requireAccount(did))),

    verifyEmailConfirm: ({ did, email, token }) =>
      nullIfRejected(async () => {
        const account = await requireAccount(did)
        await account.email.confirm({ email, token })
        return describe(account)
      }),

    deleteAccountRequest: ({ did }) =>
      withOAuthErrors(async () => {
        const purpose = 'delete_account'
        const { token, email } = await (await requireAccount(did)).email.requestToken({ purpose })
        await sendMail(server, email, 'deleteAccount', { token })
      }),

    deleteAccountConfirm: ({ did, token, password }) =>
      withOAuthErrors(async () => {
        await (await requireAccount(did)).lifecycle.authorizeDeletion({ password, token })
        await server.deleteAccount(did)
      }),
  }

  async function sendConfirmation(account: RemoteAccount): Promise<void> {
    const { token, email } = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendMail(server, email, 'confirmEmail', { token })
  }
}

/** Null makes the pages show "invalid token". */
async function nullIfRejected<T>(work: () => Promise<T | null>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof XrpcError && error.status < 500) return null
    throw error
  }
}
