/** com.atproto.server: activation, deactivation, deletion and migration of accounts. */
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { didStatus } from '#src/gateway/identity/did-check.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { ownAccount } from '#src/gateway/methods/own-account.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'

export const reserveSigningKey = method(server.reserveSigningKey, {
  // Room is kept for the admin, who needs a key to rotate an account's.
  auth: 'admin or none',
  run: ({ input, caller, server }) =>
    server.reserveSigningKey({ ...input, isAdmin: caller !== undefined }),
})

export const activateAccount = method(server.activateAccount, {
  ...ownAccount,
  // A deactivated account authorizes no apps, so an app could not get new credentials to activate it with.
  oauth: () => {
    throw forbidden(
      'Account reactivation is not available with OAuth credentials. Sign in to your account management page to reactivate.',
    )
  },
  // A group has no one but its members.
  memberRole: (permissions) => permissions.assertAccount({ attr: 'status', action: 'manage' }),
  auth: 'full account',
  run: async ({ did, server, by }) => {
    await server.activateAccount(did, by)
    server.movedAccounts.forget(did)
    return undefined
  },
})

export const deactivateAccount = method(server.deactivateAccount, {
  ...ownAccount,
  oauth: (permissions) => permissions.assertAccount({ attr: 'status', action: 'manage' }),
  auth: 'full account or takendown',
  run: async ({ account, caller: { permissions, actingMember }, input }) => {
    await account.lifecycle.changeState({
      active: false,
      deleteAfter: input.deleteAfter ?? null,
      // An app that deactivates the account loses its own access, and so do all others.
      ...(permissions !== undefined && !actingMember && { dropCredentials: true }),
    })
    return undefined
  },
})

export const checkAccountStatus = method(server.checkAccountStatus, {
  ...ownAccount,
  oauth: 'any',
  auth: 'account',
  run: async ({ account, did, server }) => {
    const { activated, ...rest } = await account.lifecycle.checkAccountStatus()
    const { signingKeyDid: signingKey } = await account.identity.getIdentity()
    return { activated, ...(await didStatus(server.identity, { did, signingKey })), ...rest }
  },
})

export const requestAccountDelete = method(server.requestAccountDelete, {
  ...ownAccount,
  auth: 'full account',
  run: async ({ account, server }) => {
    const mailed = await account.email.requestToken({ purpose: 'delete_account' })
    await sendCode(server, account, mailed, 'deleteAccount')
    return undefined
  },
})

const MAX_PASSWORD_LENGTH = 512

export const deleteAccount = method(server.deleteAccount, {
  auth: 'none',
  of: ({ input }) => {
    if (input.password.length <= MAX_PASSWORD_LENGTH) return input.did
    throw authRequired('Password too long. Consider resetting your password.')
  },
  unknown: () => invalidRequest('account not found'),
  run: async ({ account, did, input: { password, token }, server, incoming }) => {
    const client = clientInfoOf(server.addressOf, incoming)
    await account.lifecycle.authorizeDeletion({ password, token, client })
    await server.deleteAccount(did)
    return undefined
  },
})
