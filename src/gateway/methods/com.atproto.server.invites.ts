/** com.atproto.server: invite codes, created by the admin or on schedule for accounts. */
import { forbidden, invalidRequest } from '#src/errors.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'

export const createInviteCode = method(server.createInviteCode, {
  auth: 'admin',
  run: async ({ input: { useCount, forAccount }, server: { dispatch, service } }) => {
    const forAccounts = forAccount === undefined ? {} : { forAccounts: [forAccount] }
    const { hostname } = service
    const created = await dispatch.directory.invites.create({ hostname, useCount, ...forAccounts })
    return { code: created.codes[0]!.codes[0]! }
  },
})

/** They are inserted in one transaction. */
const MAX_CODES = 1000

export const createInviteCodes = method(server.createInviteCodes, {
  auth: 'admin',
  run: async ({ input, server: { dispatch, service } }) => {
    const { codeCount, forAccounts } = input
    if (codeCount * (forAccounts?.length ?? 1) > MAX_CODES) {
      throw invalidRequest(`Too many codes. Max: ${MAX_CODES}`)
    }
    return dispatch.directory.invites.create({ hostname: service.hostname, ...input })
  },
})

export const getAccountInviteCodes = method(server.getAccountInviteCodes, {
  auth: 'full account',
  of: ({ caller }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
  run: async ({ did, params, server: { dispatch, service } }) => {
    const { includeUsed, createAvailable } = params
    const { hostname, routineInvites } = service
    const createsCodes = createAvailable && routineInvites !== undefined
    return dispatch.directory.invites.getForAccount({
      did,
      includeUsed,
      ...(createsCodes && { earning: { hostname, ...routineInvites } }),
    })
  },
})
