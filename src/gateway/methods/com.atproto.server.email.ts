/** com.atproto.server: email addresses, and the codes sent to them. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { mailPasswordReset } from '#src/gateway/workflows/password-reset.ts'
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
    const mailed = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendCode(server, account, mailed, 'confirmEmail')
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
    const { tokenRequired, sent } = await account.email.requestUpdate({})
    await sendCode(server, account, sent, 'updateEmail')
    return { tokenRequired }
  },
})

export const updateEmail = method(server.updateEmail, {
  ...ownAccount,
  oauth: refuseApps,
  auth: 'full account',
  run: async ({ account, caller, input: { email, token, emailAuthFactor }, server, incoming }) => {
    await account.email.update({
      email,
      ...(caller.sessionId !== undefined && { session: caller.sessionId }),
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
  run: async ({ input: { email: identifier }, server, incoming }) => {
    const { network } = clientInfoOf(server.addressOf, incoming)
    server.backgroundTasks.run(async () => {
      if (identifier.includes('@')) await mailPasswordReset(server, identifier, network)
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
    const client = clientInfoOf(addressOf, incoming)
    const account = dispatch.account(found.did, client.network, 'sign in')
    await account.password.reset({ token, password, client })
    return undefined
  },
})
