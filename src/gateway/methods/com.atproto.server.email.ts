/** com.atproto.server: email addresses, and the codes sent to them. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { checkNewPassword } from '#src/rules/passwords.ts'

/** OAuth apps send their users to the account page instead. */
function refuseApps(): never {
  throw forbidden(
    'Use the account manager interface to update email address associated with an account',
  )
}

export const requestEmailConfirmation = method(server.requestEmailConfirmation, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertAccount({ attr: 'email', action: 'manage' }),
  auth: 'account',
  run: async ({ account, server }) => {
    const { token, email } = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendMail(server, email, 'confirmEmail', { token })
    return undefined
  },
})

export const confirmEmail = method(server.confirmEmail, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertAccount({ attr: 'email', action: 'manage' }),
  auth: 'account',
  run: async ({ account, input }) => {
    await account.email.confirm(input)
    return undefined
  },
})

export const requestEmailUpdate = method(server.requestEmailUpdate, {
  ...ownAccount,
  oauth: refuseApps,
  auth: 'full account',
  run: async ({ account, server }) => {
    const { tokenRequired, sent } = await account.email.requestUpdate()
    if (sent !== undefined) await sendMail(server, sent.email, 'updateEmail', { token: sent.token })
    return { tokenRequired }
  },
})

export const updateEmail = method(server.updateEmail, {
  ...ownAccount,
  oauth: refuseApps,
  auth: 'full account',
  run: async ({ account, input: { email, token, emailAuthFactor }, server, incoming }) => {
    await account.email.update({
      email,
      ...(token !== undefined && { token }),
      ...(emailAuthFactor !== undefined && { emailAuthFactor }),
      client: clientInfoOf(server.addressOf, incoming),
    })
    return undefined
  },
})

/** All work that depends on whether the account exists runs after the response. */
export const requestPasswordReset = method(server.requestPasswordReset, {
  auth: 'none',
  run: async ({ input: { email: identifier }, server }) => {
    const { dispatch, backgroundTasks } = server
    backgroundTasks.run(async () => {
      if (!identifier.includes('@')) return
      const found = await dispatch.directory.accounts.find({ identifier })
      if (found === null) return
      const { did, handle } = found
      const options = { purpose: 'reset_password', evenTakendown: true } as const
      const { token, email } = await dispatch.account(did).email.requestToken(options)
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
      .password.reset({ token, password, client: clientInfoOf(addressOf, incoming) })
    return undefined
  },
})
