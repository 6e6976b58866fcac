/** What the account pages do with codes that are sent by mail: passwords, emails and the end of an account. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type { Account, AccountStore } from '@atproto/oauth-provider/store'
import { XrpcError } from '#src/errors.ts'
import { withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import type { ProviderAccounts, RemoteAccount } from '#src/gateway/oauth/provider-accounts.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

type MailedSteps = Pick<
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

export function emailTokenFlows(surface: ServerContext, people: ProviderAccounts): MailedSteps {
  const { dispatch } = surface

  async function known(did: string): Promise<RemoteAccount> {
    const account = await people.find(did)
    if (account === undefined) throw new InvalidRequestError('Account not found')
    return account
  }

  async function describe(account: RemoteAccount): Promise<Account | null> {
    const found = await account.oauth.describe()
    return (found && people.toAccount(found.person)) ?? null
  }

  return {
    async resetPasswordRequest({ email: identifier }) {
      const found = await dispatch.directory.accounts.find({ identifier: identifier.toLowerCase() })
      if (found === null) return null
      const { did, handle } = found
      const account = dispatch.account(did)
      const wish = { purpose: 'reset_password', evenTakendown: true } as const
      const { token, email } = await account.email.requestToken(wish)
      await dispatch.directory.passwordResets.record({ did, token })
      // How long a mail takes to send tells nobody that there is somebody to send it to.
      surface.backgroundTasks.run(() =>
        sendMail(surface, email, 'resetPassword', { token, handle }),
      )
      return describe(account)
    },

    resetPasswordConfirm: ({ token, password }) =>
      nullWhereRefused(async () => {
        const found = await dispatch.directory.passwordResets.find({ token })
        if (found === null) return null
        const account = dispatch.account(found.did)
        await account.password.reset({ token, password })
        return describe(account)
      }),

    updateEmailRequest: ({ did }) =>
      withOAuthErrors(async () => {
        const { tokenRequired, sent } = await (await known(did)).email.requestUpdate()
        if (sent !== undefined) {
          await sendMail(surface, sent.email, 'updateEmail', { token: sent.token })
        }
        return { tokenRequired }
      }),

    updateEmailConfirm: ({ did, email, token }) =>
      withOAuthErrors(async () => {
        const account = await known(did)
        await account.email.update({ email, ...(token !== undefined && { token }) })
        await sendConfirmation(account)
        return describe(account)
      }),

    verifyEmailRequest: ({ did }) =>
      withOAuthErrors(async () => sendConfirmation(await known(did))),

    verifyEmailConfirm: ({ did, email, token }) =>
      nullWhereRefused(async () => {
        const account = await known(did)
        await account.email.confirm({ email, token })
        return describe(account)
      }),

    deleteAccountRequest: ({ did }) =>
      withOAuthErrors(async () => {
        const purpose = 'delete_account'
        const { token, email } = await (await known(did)).email.requestToken({ purpose })
        await sendMail(surface, email, 'deleteAccount', { token })
      }),

    deleteAccountConfirm: ({ did, token, password }) =>
      withOAuthErrors(async () => {
        await (await known(did)).lifecycle.authorizeDeletion({ password, token })
        await surface.deleteAccount(did)
      }),
  }

  async function sendConfirmation(account: RemoteAccount): Promise<void> {
    const { token, email } = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendMail(surface, email, 'confirmEmail', { token })
  }
}

/** The pages say "invalid token" to null. */
async function nullWhereRefused<T>(work: () => Promise<T | null>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof XrpcError && error.status < 500) return null
    throw error
  }
}
