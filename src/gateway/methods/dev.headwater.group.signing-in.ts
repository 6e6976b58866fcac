/** dev.headwater.group: how members sign in as the group in clients that know nothing of groups. */
import { aboutGroup, byOf, mayCall, onGroup } from '#src/gateway/methods/group-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { newAppPassword } from '#src/rules/passwords.ts'

export const createSession = method(group.createSession, {
  ...onGroup,
  oauth: mayCall(group.createSession),
  run: (call) => call.account.group.createSession({ by: byOf(call) }),
})

export const createAppPassword = method(group.createAppPassword, {
  ...onGroup,
  oauth: mayCall(group.createAppPassword),
  run: (call) => {
    const { name } = call.input
    const password = newAppPassword()
    return call.account.group.createAppPassword({ by: byOf(call), name, password })
  },
})

export const listAppPasswords = method(group.listAppPasswords, {
  ...aboutGroup,
  oauth: mayCall(group.listAppPasswords),
  run: (call) => call.account.group.listAppPasswords({ by: byOf(call) }),
})

export const revokeAppPassword = method(group.revokeAppPassword, {
  ...onGroup,
  oauth: mayCall(group.revokeAppPassword),
  run: async (call) => {
    await call.account.group.revokeAppPassword({ by: byOf(call), name: call.input.name })
    return undefined
  },
})
