/** com.atproto.server: app passwords. */
import { forbidden } from '#src/errors.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { newAppPassword } from '#src/sessions/new-passwords.ts'
import { method } from '#src/xrpc/method.ts'

/** Whose they are stands in the token. */
const own = {
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
}

export const createAppPassword = method(server.createAppPassword, {
  ...own,
  auth: 'full account',
  run: ({ account, input: { name, privileged = false } }) =>
    account.appPassword.create({ name, privileged, password: newAppPassword() }),
})

export const listAppPasswords = method(server.listAppPasswords, {
  ...own,
  auth: 'account',
  run: ({ account }) => account.appPassword.list(),
})

export const revokeAppPassword = method(server.revokeAppPassword, {
  ...own,
  auth: 'account',
  run: async ({ account, input }) => {
    await account.appPassword.revoke(input)
    return undefined
  },
})
