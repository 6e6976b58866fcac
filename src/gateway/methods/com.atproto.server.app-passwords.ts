/** com.atproto.server: app passwords. */
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { newAppPassword } from '#src/rules/passwords.ts'

export const createAppPassword = method(server.createAppPassword, {
  ...ownAccount,
  auth: 'full account',
  run: ({ account, caller, input: { name, privileged = false }, server, incoming }) => {
    const client = clientInfoOf(server.addressOf, incoming)
    const { sessionId: session } = caller
    return account.appPassword.create({
      ...{ name, privileged, password: newAppPassword(), client },
      ...(session !== undefined && { session }),
    })
  },
})

export const listAppPasswords = method(server.listAppPasswords, {
  ...ownAccount,
  auth: 'account',
  run: ({ account }) => account.appPassword.list(),
})

export const revokeAppPassword = method(server.revokeAppPassword, {
  ...ownAccount,
  auth: 'account',
  run: async ({ account, input: { name }, server, incoming }) => {
    await account.appPassword.revoke({ name, client: clientInfoOf(server.addressOf, incoming) })
    return undefined
  },
})
