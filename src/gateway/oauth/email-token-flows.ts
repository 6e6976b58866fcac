/** The account pages' flows with codes sent by email: password reset, email change and confirmation, account deletion. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore } from '@atproto/oauth-provider/store'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { mailPasswordReset } from '#src/gateway/workflows/password-reset.ts'
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
    async resetPasswordRequest({ email }) {
      const { network } = requestContext().client
      server.backgroundTasks.run(() => mailPasswordReset(server, email, network))
      return null
    },

    resetPasswordConfirm: ({ token, password }) =>
      nullIfRejected(async () => {
        const found = await dispatch.directory.passwordResets.find({ token })
        if (found === null) return null
        const { client } = requestContext()
        const account = dispatch.account(found.did, client.network, 'sign in')
        await account.password.reset({ token, password, client })
        return describe(account)
      }),

    updateEmailRequest: ({ did }) =>
      withOAuthErrors(async () => {
        const account = await requireAccount(did)
        const { tokenRequired, sent } = await account.email.requestUpdate({})
        await sendCode(server, account, sent, 'updateEmail')
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
        const account = await requireAccount(did)
        const mailed = await account.email.requestToken({ purpose })
        await sendCode(server, account, mailed, 'deleteAccount')
      }),

    deleteAccountConfirm: ({ did, token, password }) =>
      withOAuthErrors(async () => {
        const { client } = requestContext()
        const { lifecycle } = await requireAccount(did)
        await lifecycle.authorizeDeletion({ password, token, client })
        await server.deleteAccount(did)
      }),
  }

  async function sendConfirmation(account: RemoteAccount): Promise<void> {
    const mailed = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendCode(server, account, mailed, 'confirmEmail')
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
