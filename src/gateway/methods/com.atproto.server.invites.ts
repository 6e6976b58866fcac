/** com.atproto.server: invite codes, created by the admin or on schedule for accounts. */
import { invalidRequest } from '#src/errors.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import { newInviteCode } from '#src/rules/invite-codes.ts'

/** Codes that no account earned. */
const ADMIN = 'admin'

export const createInviteCode = method(server.createInviteCode, {
  auth: 'admin',
  run: async ({ input: { useCount, forAccount }, server: { dispatch, service } }) => {
    const code = newInviteCode(service.hostname)
    const codes = [{ account: forAccount ?? ADMIN, codes: [code] }]
    await dispatch.directory.invites.create({ useCount, codes })
    return { code }
  },
})

/** They are inserted in one transaction. */
const MAX_CODES = 1000

export const createInviteCodes = method(server.createInviteCodes, {
  auth: 'admin',
  run: async ({ input, server: { dispatch, service } }) => {
    const { codeCount, useCount, forAccounts = [ADMIN] } = input
    if (codeCount * forAccounts.length > MAX_CODES) {
      throw invalidRequest(`Too many codes. Max: ${MAX_CODES}`)
    }
    const codes = forAccounts.map((account) => ({
      account,
      codes: Array.from({ length: codeCount }, () => newInviteCode(service.hostname)),
    }))
    await dispatch.directory.invites.create({ useCount, codes })
    return { codes }
  },
})

export const getAccountInviteCodes = method(server.getAccountInviteCodes, {
  ...ownAccount,
  auth: 'full account',
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
