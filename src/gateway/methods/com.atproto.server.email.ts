/** com.atproto.server: an account's email, and what is sent there. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { checkNewPassword } from '#src/rules/passwords.ts'

/** Whose email it is stands in the token. */
const own = {
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
}

/** To change an email, apps send their users to the account page. */
function notByApps(): never {
  throw forbidden(
    'Use the account manager interface to update email address associated with an account',
  )
}

export const requestEmailConfirmation = method(server.requestEmailConfirmation, {
  ...own,
  oauth: (app) => app.assertAccount({ attr: 'email', action: 'manage' }),
  auth: 'account',
  run: async ({ account, server }) => {
    const { token, email } = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendMail(server, email, 'confirmEmail', { token })
    return undefined
  },
})

export const confirmEmail = method(server.confirmEmail, {
  ...own,
  oauth: (app) => app.assertAccount({ attr: 'email', action: 'manage' }),
  auth: 'account',
  run: async ({ account, input }) => {
    await account.email.confirm(input)
    return undefined
  },
})

export const requestEmailUpdate = method(server.requestEmailUpdate, {
  ...own,
  oauth: notByApps,
  auth: 'full account',
  run: async ({ account, server }) => {
    const { tokenRequired, sent } = await account.email.requestUpdate()
    if (sent !== undefined) await sendMail(server, sent.email, 'updateEmail', { token: sent.token })
    return { tokenRequired }
  },
})

export const updateEmail = method(server.updateEmail, {
  ...own,
  oauth: notByApps,
  auth: 'full account',
  run: async ({ account, input: { email, token, emailAuthFactor }, server, incoming }) => {
    await account.email.update({
      email,
      ...(token !== undefined && { token }),
      ...(emailAuthFactor !== undefined && { emailAuthFactor }),
      where: clientInfoOf(server.addressOf, incoming),
    })
    return undefined
  },
})

/** Everything that depends on whether there is such an account happens behind the answer. */
export const requestPasswordReset = method(server.requestPasswordReset, {
  auth: 'none',
  run: async ({ input: { email: identifier }, server }) => {
    const { dispatch, backgroundTasks } = server
    backgroundTasks.run(async () => {
      if (!identifier.includes('@')) return
      const found = await dispatch.directory.accounts.find({ identifier })
      if (found === null) return
      const { did, handle } = found
      const wish = { purpose: 'reset_password', evenTakendown: true } as const
      const { token, email } = await dispatch.account(did).email.requestToken(wish)
      await dispatch.directory.passwordResets.record({ did, token })
      await sendMail(server, email, 'resetPassword', { token, handle })
    })
    return undefined
  },
})

export const resetPassword = method(server.resetPassword, {
  auth: 'none',
  run: async ({ input: { token, password }, server: { dispatch, addressOf }, incoming }) => {
    checkNewPassword(password)
    const found = await dispatch.directory.passwordResets.find({ token })
    if (found === null) throw invalidRequest('Token is invalid', 'InvalidToken')
    await dispatch
      .account(found.did)
      .password.reset({ token, password, where: clientInfoOf(addressOf, incoming) })
    return undefined
  },
})
