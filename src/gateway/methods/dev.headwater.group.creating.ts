/** dev.headwater.group: how an account becomes a group. */
import { forbidden, invalidRequest, XrpcError } from '#src/errors.ts'
import { newGroup, newRkeys, randomHandle } from '#src/gateway/group/new-group.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { convertOwn, mayCall, mustBePrincipal } from '#src/gateway/methods/group-methods.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

const MAX_BODY_BYTES = 1_000_000

export const create = method(group.create, {
  auth: 'full principal',
  oauth: mayCall(group.create),
  bodyLimit: MAX_BODY_BYTES,
  run: async ({ caller, input, server, incoming }) => {
    // Who may act as a group has not let the app act as itself.
    if (caller.group !== undefined) throw forbidden('The account itself must sign in for this')
    const { handle: wanted, email, recoveryKey, ...more } = input
    await mustBeHere(server, caller.did)
    const others = (more.members ?? []).map(({ did }) => did)
    for (const did of new Set([caller.did, ...others])) await mustBePrincipal(server, did)
    const { domains } = await server.handleRules()
    const handle = wanted ?? randomHandle(domains[0] ?? '')
    const state = newGroup(caller.did, more, newRkeys())
    return server
      .createGroup(
        {
          handle,
          ...(email !== undefined && { email }),
          ...(recoveryKey !== undefined && { recoveryKey }),
        },
        { group: state, maxGroups: server.service.maxGroups },
        clientInfoOf(server.addressOf, incoming).ip,
      )
      .catch((error: unknown) => {
        throw isTaken(error) ? invalidRequest(error.message, 'HandleNotAvailable') : error
      })
  },
})

export const convert = method(group.convert, {
  ...ownAccount,
  auth: 'full principal',
  oauth: mayCall(group.convert),
  allow: ({ caller }) => {
    if (caller.group !== undefined) throw forbidden('The account itself must sign in for this')
    if (caller.scope === 'service') throw forbidden('A service token cannot convert an account')
  },
  run: async (call) => {
    await convertOwn(call, call.input.owner)
    return undefined
  },
})

/** Throws 403: only accounts of this server create groups here. */
async function mustBeHere({ dispatch }: ServerContext, did: string): Promise<void> {
  const found = await dispatch.directory.accounts.find({ identifier: did })
  if (found?.status === 'active') return
  throw forbidden('Only active accounts of this server may create groups')
}

function isTaken(error: unknown): error is XrpcError {
  return error instanceof XrpcError && error.message.startsWith('Handle already taken')
}
