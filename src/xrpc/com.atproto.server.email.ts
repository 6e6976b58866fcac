/** com.atproto.server: an account's email, and what is sent there. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { sendMail } from '#src/gateway/mails.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { checkNewPassword } from '#src/sessions/new-passwords.ts'
import { method } from '#src/xrpc/method.ts'

/** Whose email it is stands in the token. */
const own = {
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
}

export const requestEmailConfirmation = method(server.requestEmailConfirmation, {
  ...own,
  auth: 'account',
  run: async ({ account, server }) => {
    const { token, email } = await account.email.requestToken({ purpose: 'confirm_email' })
    await sendMail(server, email, 'confirmEmail', { token })
    return undefined
  },
})

export const confirmEmail = method(server.confirmEmail, {
  ...own,
  auth: 'account',
  run: async ({ account, input }) => {
    await account.email.confirm(input)
    return undefined
  },
})

export const requestEmailUpdate = method(server.requestEmailUpdate, {
  ...own,
  auth: 'full account',
  run: async ({ account, server }) => {
    const { tokenRequired, sent } = await account.email.requestUpdate()
    if (sent !== undefined) await sendMail(server, sent.email, 'updateEmail', { token: sent.token })
    return { tokenRequired }
  },
})

export const updateEmail = method(server.updateEmail, {
  ...own,
  auth: 'full account',
  run: async ({ account, input: { email, token } }) => {
    await account.email.update({ email, ...(token !== undefined && { token }) })
    return undefined
  },
})

/** Everything that depends on whether there is such an account happens behind the answer. */
export const requestPasswordReset = method(server.requestPasswordReset, {
  auth: 'none',
  run: async ({ input: { email: identifier }, server }) => {
    const { dispatch, errands } = server
    errands.run(async () => {
      if (!identifier.includes('@')) return
      const found = await dispatch.directory.accounts.find({ identifier })
      if (found === null) return
      const { did, handle } = found
      const wish = { purpose: 'reset_password', evenTakendown: true } as const
      const { token, email } = await dispatch.account(did).email.requestToken(wish)
      await dispatch.directory.passwordResets.note({ did, token })
      await sendMail(server, email, 'resetPassword', { token, handle })
    })
    return undefined
  },
})

export const resetPassword = method(server.resetPassword, {
  auth: 'none',
  run: async ({ input: { token, password }, server: { dispatch } }) => {
    checkNewPassword(password)
    const found = await dispatch.directory.passwordResets.find({ token })
    if (found === null) throw invalidRequest('Token is invalid', 'InvalidToken')
    await dispatch.account(found.did).password.reset({ token, password })
    return undefined
  },
})
